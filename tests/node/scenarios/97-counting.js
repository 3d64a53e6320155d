'use strict';
// bytesWritten, bytesRead, writableLength and bufferSize: text in each encoding, while connecting, connected, and after the end.
const { net, log, watch, listen, wait } = require('./_trace');
const text = [['h\u00e9', 'utf8', 3], ['h\u00e9', 'latin1', 2], ['h\u00e9', 'binary', 2], ['h\u00e9', 'utf16le', 4], ['h\u00e9', 'ucs2', 4], ['h\u00e9', 'ascii', 2],
              ['68c3a9', 'hex', 3], ['aMOp', 'base64', 3], ['aMOp', 'base64url', 3], ['', 'utf8', 0], ['\u20ac\u20ac', undefined, 6]];
const count = (side, what, c) => log(side, what, c.bytesWritten, c.writableLength, c.bufferSize, c.bytesRead);
const server = net.createServer({ allowHalfOpen: true }, (s) => {
  const seen = [];
  s.on('data', (d) => seen.push(d));
  s.on('end', () => { log('peer', 'got', Buffer.concat(seen), s.bytesRead, s.bytesWritten); s.end('thanks'); log('peer', 'ended', s.bytesWritten); });
  s.on('close', () => log('peer', 'closed', s.bytesRead, s.bytesWritten));
});
listen(server, async (port) => {
  const idle = new net.Socket();
  count('idle', 'new', idle);
  const c = watch('waiting', net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }), { state: false });
  count('waiting', 'connecting', c);
  for (const [chunk, encoding] of text) { c.write(chunk, encoding); count('waiting', encoding || 'default', c); }
  c.write(Buffer.from('bytes')); count('waiting', 'bytes', c);
  c.on('connect', () => count('waiting', 'connected', c));
  c.on('finish', () => count('waiting', 'finish', c));
  c.on('end', () => count('waiting', 'end', c));
  c.on('close', () => count('waiting', 'close', c));
  c.resume();
  c.end('bye');
  count('waiting', 'ended', c);
  await wait(60);
  const d = watch('connected', net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }), { state: false });
  await new Promise((r) => d.on('connect', r));
  count('connected', 'at first', d);
  for (const [chunk, encoding, length] of text) {
    const before = d.bytesWritten;
    d.write(chunk, encoding);
    log('connected', encoding || 'default', d.bytesWritten - before === length);
  }
  d.cork();
  d.write('\u20ac', 'utf8'); d.write('68c3', 'hex');
  count('connected', 'corked', d);
  d.uncork();
  await wait(20);
  count('connected', 'flushed', d);
  d.on('close', () => count('connected', 'close', d));
  d.resume();
  d.end();
  await wait(40);
  // Never connected: what waited is counted until then.
  const e = watch('given up', net.connect(port, '127.0.0.1'), { state: false });
  e.write('one'); e.write('three');
  count('given up', 'connecting', e);
  log('given up', 'buffers', e.writableBuffer.length, e.readableBuffer.length);
  e.destroy();
  log('given up', 'destroyed', e.bufferSize, e.bytesRead);
  await wait(10);
  server.close();
});
