'use strict';
// Reads programs from standard input, as JSON: lists of calls, each a name and its arguments. Prints what each call gives.
const net = require('net');

function outcome(list, [name, ...args]) {
  try {
    if (name === 'SocketAddress') return { value: new net.SocketAddress(...args).toJSON() };
    if (name === 'parse') {
      const found = net.SocketAddress.parse(...args);
      return { value: found ? found.toJSON() : null };
    }
    if (name === 'isIP') return { value: net.isIP(...args) };
    const value = list[name](...args);
    return { value: value === undefined ? null : value, rules: list.rules };
  } catch (error) {
    return { error: [error.name, error.code, error.message.split('. Received')[0]] };
  }
}

const programs = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(programs.map((program) => {
  const list = new net.BlockList();
  return program.map((call) => outcome(list, call));
})));
