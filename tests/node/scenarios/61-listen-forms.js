'use strict';
// Every positional form of listen(), with and without callback; the callback is a once listener.
const { net, log, watch, tmp, path } = require('./_trace');
const forms = [[], [0], [null], [undefined], ['0'], [0, '127.0.0.1'], [0, '127.0.0.1', 5], [0, 5], [0, null], [0, null, 5],
  [0, undefined, 5], [0, ''], ['0x0', '::1'], [{ port: 0 }], [{ port: null }], [{ port: undefined }], [{ port: '0', host: '127.0.0.1', backlog: 1 }],
  [{ port: 0, host: '::' }], [{ port: 0, exclusive: true }], [{ port: 0, path: '/nowhere' }],
  [path.join(tmp(), 'a')], [path.join(tmp(), 'b'), 5], [{ path: path.join(tmp(), 'c'), backlog: 5 }], [{ path: '\0nodenet-61' }]];
(async () => {
  for (const [n, form] of forms.entries()) {
    const side = 'form ' + n;
    for (const withCallback of [true, false]) {
      const server = watch(side, net.createServer());
      const args = withCallback ? [...form, (...x) => log(side, 'callback', ...x)] : form;
      log(side, 'returns this', server.listen(...args) === server, server.listenerCount('listening'));
      log(side, 'at once', server.listening);
      await new Promise((r) => server.once('listening', r));
      const where = server.address();
      log(side, 'address', typeof where === 'string' ? where : [where.address, where.family, typeof where.port], server.listenerCount('listening'));
      await new Promise((r) => server.close(r));
    }
  }
})();
