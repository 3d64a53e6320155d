'use strict';
// Node: node node.js pipe|data|sink|source|chat|gathered|proxy|tls [port behind the proxy, certificate]
const net = require('net');
const members = new Set();
let gathered = [];
const kinds = {
  pipe: (socket) => socket.pipe(socket),
  data: (socket) => socket.on('data', (chunk) => socket.write(chunk)),
  tls: (socket) => socket.pipe(socket),
  sink: (socket) => socket.resume(),
  source: (socket) => {
    const chunk = Buffer.alloc(65536, 'x');
    const more = () => { while (socket.write(chunk)); };
    socket.on('drain', more);
    more();
  },
  proxy: (socket) => {
    const behind = net.connect(Number(process.argv[3]), '127.0.0.1');
    behind.on('error', () => socket.destroy());
    socket.pipe(behind).pipe(socket);
  },
  chat: (socket) => lines(socket, (line) => { for (const member of members) member.write(line + '\r\n'); }),
  // The turn's lines together, one write a member.
  gathered: (socket) => lines(socket, (line) => {
    if (gathered.push(line + '\r\n') === 1) {
      setImmediate(() => {
        const text = Buffer.from(gathered.join(''));
        gathered = [];
        for (const member of members) member.write(text);
      });
    }
  }),
};

function lines(socket, said) {
  let rest = '', named = false;
  socket.setNoDelay(true);
  socket.setEncoding('utf8');
  socket.on('close', () => members.delete(socket));
  socket.on('data', (text) => {
    const parts = (rest + text).split('\r\n');
    rest = parts.pop();
    for (const line of parts) {
      if (named) said(line);
      else { named = true; members.add(socket); }
    }
  });
}

function connection(socket) {
  socket.on('error', () => {});
  kinds[process.argv[2]](socket);
}

function create() {
  if (process.argv[2] !== 'tls') return net.createServer(connection);
  const pem = require('fs').readFileSync(process.argv[3]);
  return require('tls').createServer({ key: pem, cert: pem }, connection);
}

create().listen({ port: 0, host: '127.0.0.1', backlog: 511 }, function() { console.log(this.address().port); });
