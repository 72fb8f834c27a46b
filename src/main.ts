import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

// Compiled code is kept between runs, so that the second start is quick.
enableCompileCache();

// Buffers of requests count as growth of a heap that is small: with V8's own factor a loaded broker would collect its garbage for every four
// megabytes that it is sent. Twice the heap may come on top before it does.
setFlagsFromString('--heap-growing-percent=200');

// A launcher that had to start another Node for us holds the other end of a channel. When it is killed there is nobody to pass signals on, and
// whoever killed it meant us.
if (process.env['KAFKA_LITE_LAUNCHED'] !== undefined) {
  delete process.env['KAFKA_LITE_LAUNCHED'];
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
}

const { run } = await import('#cli');
process.exit(await run(process.argv.slice(2)));
