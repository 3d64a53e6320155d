'use strict';
// What an emit costs: nanoseconds a call, the loop's included, by listeners.
const { EventEmitter } = require('events');
const CALLS = 3000000;

function measure(listeners) {
  const emitter = new EventEmitter();
  let seen = 0;
  for (let i = 0; i < listeners; i++) emitter.on('data', (value) => { seen += value; });
  let took = 0;
  for (const calls of [CALLS / 10, CALLS]) { // the first is for warming up
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) emitter.emit('data', 1);
    took = Number(process.hrtime.bigint() - start);
  }
  return took / CALLS;
}

console.log(JSON.stringify({ 0: measure(0), 1: measure(1), 3: measure(3) }));
