'use strict';
// Runs programs for emitters: one JSON program a line comes in, the JSON trace of it goes out. See emitting.py.
const { EventEmitter, errorMonitor } = require('events');
const BUDGET = 40;

function run(program) {
  const emitter = new EventEmitter().setMaxListeners(0);
  const trace = [];
  let left = BUDGET;
  const event = (name) => (name === 'monitor' ? errorMonitor : name);
  const name = (x) => (x === errorMonitor ? 'monitor' : x);
  // Which of the two Node shows to 'removeListener', a once listener or its wrapper, depends on whether it was alone.
  const id = (f) => listeners.indexOf(f.listener || f);
  const show = (x) => (typeof x === 'function' ? `L${id(x)}` : x instanceof Error ? x.message : name(x));
  const perform = ([verb, ...args]) => {
    switch (verb) {
      case 'raise': throw new Error(args[0]);
      case 'emit': return emitter.emit(event(args[0]), ...args.slice(1));
      case 'emitError': return emitter.emit(event(args[0]), new Error(args[1]));
      case 'removeAllListeners': emitter.removeAllListeners(...args.map(event)); return 'self';
      case 'listenerCount': return emitter.listenerCount(event(args[0]), listeners[args[1]]);
      default: return emitter[verb](event(args[0]), listeners[args[1]]) === emitter ? 'self' : 'other';
    }
  };
  const listeners = program.listeners.map((script, index) => (...args) => {
    if (left-- <= 0) return;
    trace.push(['call', index, ...args.map(show)]);
    script.forEach(perform);
  });
  for (const step of program.steps) {
    try {
      trace.push(['answer', perform(step)]);
    } catch (error) {
      trace.push(['threw', error.message, error.code ?? '']);
    }
    trace.push(emitter.eventNames().map((x) => [
      name(x), emitter.rawListeners(x).map((f) => [id(f), f.listener !== undefined])]));
  }
  return trace;
}

require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(`${JSON.stringify(run(JSON.parse(line)))}\n`);
});
