// Is the broker of this container ready? It listens where its environment says; a broker that is told otherwise wants another check.
const [, host, port] = /:\/\/\[?([^\],]*?)\]?:(\d+)/.exec(process.env.KAFKA_LISTENERS ?? '') ?? [];
const own = host === '' || host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
try {
  const { ok } = await fetch(`http://${own.includes(':') ? `[${own}]` : own}:${port}/readyz`, { signal: AbortSignal.timeout(2_500) });
  process.exit(ok ? 0 : 1);
} catch {
  process.exit(1);
}
