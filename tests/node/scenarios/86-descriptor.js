'use strict';
// Socket({fd}): what is no descriptor of a connection; pipes, for reading, for writing and for both.
const { net, fs, path, log, watch, tmp, wait, attempt } = require('./_trace');
const { execFileSync } = require('child_process');
const socket = (fd, more) => attempt('misuse', 'fd', () => new net.Socket({ fd, ...more }));
for (const fd of [-1, 1.5, 2 ** 31, NaN, '0', true, {}]) socket(fd);
attempt('misuse', 'number', () => new net.Socket(-1));
attempt('misuse', 'closed', () => new net.Socket(987));
const opened = [fs.openSync(__filename), fs.openSync('/dev/null'), fs.openSync(tmp())];
for (const fd of opened) socket(fd);
attempt('misuse', 'connect', () => net.connect({ fd: opened[0], port: 1 }));
attempt('misuse', 'still open', () => fs.fstatSync(opened[0]).isFile());
log('misuse', 'none', new net.Socket({ fd: undefined }).pending);
const { O_RDWR, O_RDONLY, O_WRONLY, O_NONBLOCK } = fs.constants;
const fifo = (name) => {
  const file = path.join(tmp(), name);
  execFileSync('mkfifo', [file]);
  return [fs.openSync(file, O_RDONLY | O_NONBLOCK), fs.openSync(file, O_WRONLY | O_NONBLOCK), file];
};
const shown = (name, s) => log(name, 'shown', s.readyState, s.pending, s.connecting, s.readable, s.writable, s.address(),
  s.localAddress, s.remoteAddress, s.bytesRead, s.bytesWritten, s.destroyed, s.server);
(async () => {
  const [r, w] = fifo('one');
  const reader = watch('reader', new net.Socket({ fd: r, writable: false }));
  const writer = watch('writer', new net.Socket({ fd: w, readable: false }));
  shown('reader', reader);
  shown('writer', writer);
  attempt('reader', 'reset', () => reader.resetAndDestroy());
  reader.setEncoding('utf8');
  reader.on('data', () => {});
  log('writer', 'write', writer.write('one', (e) => log('writer', 'write cb', e)));
  await wait(10);
  writer.end('two', () => log('writer', 'end cb'));
  await wait(30);
  shown('reader', reader);
  shown('writer', writer);
  // Nobody reads: what is written waits.
  const [r2, w2] = fifo('two');
  const slow = new net.Socket({ fd: r2, writable: false });
  const eager = watch('eager', new net.Socket({ fd: w2, readable: false }));
  slow.pause();
  log('eager', 'write', eager.write(Buffer.alloc(300000), (e) => log('eager', 'write cb', e)), eager.writableNeedDrain);
  eager.end();
  await wait(20);
  let got = 0;
  slow.on('data', (d) => { got += d.length; });
  slow.on('end', () => log('slow', 'got', got, slow.bytesRead));
  slow.on('close', (hadError) => log('slow', 'closed', hadError));
  slow.resume();
  await wait(40);
  // The reader is gone.
  const [r3, w3] = fifo('three');
  const gone = watch('gone', new net.Socket(r3));
  const left = watch('left', new net.Socket({ fd: w3, readable: false, writable: true }));
  left.on('error', () => {});
  gone.destroy();
  await wait(10);
  log('left', 'write', left.write('x', (e) => log('left', 'write cb', e)));
  await wait(20);
  // The writer gives up.
  const [r4, w4] = fifo('four');
  const last = watch('last', new net.Socket({ fd: r4, writable: false }));
  const quits = watch('quits', new net.Socket({ fd: w4, readable: false }));
  quits.on('error', () => {});
  last.resume();
  quits.destroy(new Error('enough'));
  await wait(20);
  // One descriptor for both directions.
  const file = path.join(tmp(), 'five');
  execFileSync('mkfifo', [file]);
  const both = watch('both', new net.Socket({ fd: fs.openSync(file, O_RDWR | O_NONBLOCK) }));
  shown('both', both);
  both.on('data', () => both.destroy());
  both.write('echo');
  await wait(20);
})();
