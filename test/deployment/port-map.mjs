// What a container engine does for a published port: port-map.mjs PORT=HOST:PORT...
import { connect, createServer } from 'node:net';

for (const map of process.argv.slice(2)) {
  const [port, to] = map.split('=');
  const [host, toPort] = to.split(':');
  createServer((socket) => {
    const inner = connect(Number(toPort), host);
    socket.on('error', () => inner.destroy());
    inner.on('error', () => socket.destroy());
    socket.pipe(inner).pipe(socket);
  }).listen(Number(port), '127.0.0.1');
}
