'use strict';
// setDefaultEncoding and setEncoding of a socket: names, misuse, when they count, and what is told.
const { net, log, watch, listen, attempt, wait } = require('./_trace');
const server = net.createServer((s) => {
  const seen = [];
  s.on('data', (d) => seen.push(d));
  s.on('end', () => { log('peer', 'got', Buffer.concat(seen)); s.end(Buffer.from([0x68, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xc3])); });
});
const names = ['utf8', 'UTF-8', 'Utf8', 'ucs2', 'UCS-2', 'utf16le', 'UTF-16LE', 'latin1', 'binary', 'ascii', 'hex', 'HEX', 'base64', 'base64url'];
listen(server, async (port) => {
  for (const name of names) attempt('names', name, () => { const s = new net.Socket(); return [s.setDefaultEncoding(name) === s, s.setEncoding(name) === s, s.readableEncoding]; });
  for (const name of ['klingon', 'utf7', 'utf 8']) {
    attempt('names', 'default', () => new net.Socket().setDefaultEncoding(name));
    attempt('names', 'of reading', () => new net.Socket().setEncoding(name));
    attempt('names', 'of writing', () => new net.Socket().write('x', name));
  }
  attempt('names', 'none', () => new net.Socket().setEncoding().readableEncoding);
  const c = watch('client', net.connect(port, '127.0.0.1'), { state: false });
  c.setDefaultEncoding('hex');
  c.write('6162');
  c.setDefaultEncoding('latin1');
  c.write('\u00e9');
  c.write('\u00e9', 'utf8');
  await new Promise((r) => c.on('connect', r));
  c.setDefaultEncoding('base64');
  c.write('aMOp');
  attempt('client', 'refused', () => c.setDefaultEncoding('klingon'));
  c.write('aMOp');
  c.setDefaultEncoding('UTF8');
  c.end('\u00e9');
  log('client', 'encoding', c.readableEncoding);
  c.setEncoding('utf8');
  log('client', 'encoding', c.readableEncoding);
  c.on('data', (text) => log('client', 'text', typeof text === 'string'));
  await wait(40);
  log('client', 'kept', c.readableEncoding, c.setEncoding('hex') === c, c.readableEncoding, c.setDefaultEncoding('hex') === c);
  // In each encoding the same bytes.
  for (const name of ['utf8', 'utf16le', 'latin1', 'ascii', 'hex', 'base64', 'base64url']) {
    const d = net.connect(port, '127.0.0.1').setEncoding(name);
    const texts = [];
    d.on('data', (text) => texts.push(text));
    d.on('close', () => log('reading', name, texts));
    d.end();
    await wait(20);
  }
  server.close();
});
