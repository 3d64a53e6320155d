'use strict';
// end() and write() before connect(); 'finish' before an immediate; pauseOnConnect and a 'readable' listener that goes.
const { net, log, watch, listen, props } = require('./_trace');
const FLAGS = ['writable', 'writableEnded', 'writableFinished', 'destroyed'];
const server = net.createServer({ pauseOnConnect: true }, (s) => {
  watch('peer', s, { state: false });
  log('peer', 'paused', s.isPaused());
  s.once('readable', () => {
    setImmediate(() => log('peer', 'paused', s.isPaused()));
    s.read();
    s.once('close', () => server.close());
  });
});
listen(server, (port) => {
  const never = watch('never', new net.Socket(), { state: false });
  never.end();
  never.on('finish', () => props('never', never, FLAGS));
  const ended = watch('written', new net.Socket(), { state: false });
  ended.on('error', () => {});
  ended.write('x');
  props('written', ended, FLAGS);
  ended.connect(port, '127.0.0.1');
  props('written', ended, FLAGS);
  ended.on('close', () => {
    const c = watch('client', net.connect(port, '127.0.0.1'), { state: false });
    c.resume();
    c.on('connect', () => {
      c.end('x');
      setImmediate(() => log('client', 'immediate'));
    });
  });
});
