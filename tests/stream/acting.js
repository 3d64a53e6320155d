'use strict';
// Runs programs for streams: one JSON program a line comes in, the JSON trace of it goes out. See acting.py.
const { Readable, Writable, Duplex, Transform, PassThrough, finished, pipeline } = require('stream');
const KINDS = { Readable, Writable, Duplex, Transform, PassThrough };
const BUDGET = 150;
const QUIET = ['newListener', 'removeListener'];

function run(program, done) {
  const trace = [];
  const streams = {};
  const held = [];
  let left = BUDGET;

  const show = (x) => {
    if (x === null || x === undefined) return null;
    if (typeof x === 'string') return `s:${x}`;
    if (x instanceof Uint8Array) return `b:${Buffer.from(x).toString('hex')}`;
    if (x instanceof Error) return `e:${x.code ?? x.message}`;
    if (typeof x === 'object') {
      for (const name of Object.keys(streams)) if (streams[name] === x) return name;
      return 'object';
    }
    return x;
  };
  const value = (x) => {
    if (typeof x !== 'string') return x;
    const [kind, rest] = [x.slice(0, 2), x.slice(2)];
    return kind === 'b:' ? Buffer.from(rest, 'hex') : kind === 'e:' ? new Error(rest) : rest;
  };

  // When a hook calls back: at once, ticks later, when a step says so, twice, never.
  const callBack = (how, callback, ...args) => {
    switch (how) {
      case 'now': callback(...args); break;
      case 'tick': process.nextTick(callback, ...args); break;
      case 'ticks': process.nextTick(process.nextTick, callback, ...args); break;
      case 'hold': held.push(() => callback(...args)); break;
      case 'twice': callback(...args); callback(...args); break;
      case 'error': callback(new Error('hook')); break;
      case 'tick error': process.nextTick(callback, new Error('hook')); break;
      case 'hold error': held.push(() => callback(new Error('hook'))); break;
      case 'throw': throw new Error('thrown');
    }
  };

  const make = (name, spec) => {
    const hooks = Object.fromEntries(Object.entries(spec.hooks).map(([hook, list]) => [hook, [...list]]));
    const next = (hook, otherwise) => (hooks[hook].length ? hooks[hook].shift() : otherwise);
    const options = { ...spec.options };
    if (hooks.read) {
      options.read = (n) => {
        trace.push([name, '_read', n]);
        next('read', []).forEach((op) => perform(op, name));
      };
    }
    if (hooks.write) {
      options.write = (chunk, encoding, callback) => {
        trace.push([name, '_write', show(chunk), encoding]);
        callBack(next('write', 'now'), callback);
      };
    }
    if (hooks.writev) {
      options.writev = (chunks, callback) => {
        trace.push([name, '_writev', ...chunks.map(({ chunk, encoding }) => [show(chunk), encoding])]);
        callBack(next('writev', 'now'), callback);
      };
    }
    if (hooks.final) {
      options.final = (callback) => {
        trace.push([name, '_final']);
        callBack(next('final', 'now'), callback);
      };
    }
    if (hooks.destroy) {
      options.destroy = (error, callback) => {
        trace.push([name, '_destroy', show(error)]);
        const how = next('destroy', 'now');
        if (how === 'swallow') callback();
        else callBack(how, callback, error);
      };
    }
    if (hooks.transform) {
      options.transform = (chunk, encoding, callback) => {
        trace.push([name, '_transform', show(chunk)]);
        const [ops, how, data] = next('transform', [[], 'now', true]);
        ops.forEach((op) => perform(op, name));
        callBack(how, callback, ...(data ? [null, chunk] : []));
      };
    }
    if (hooks.flush) {
      options.flush = (callback) => {
        trace.push([name, '_flush']);
        const [ops, how, data] = next('flush', [[], 'now', null]);
        ops.forEach((op) => perform(op, name));
        callBack(how, callback, ...(data ? [null, value(data)] : []));
      };
    }
    const stream = new KINDS[spec.kind](options);
    streams[name] = stream;
    stream.setMaxListeners(0);
    stream.on('error', () => {});
    // A stream that flows goes on in Node after destroy(), until its buffer is empty.  Ours does not, so Node's is
    // kept from it here.
    const read = stream.read;
    stream.read = function(...args) { return this.destroyed && !args.length ? null : read.apply(this, args); };
    const emit = stream.emit;
    stream.emit = function(event, ...args) {
      if (!QUIET.includes(event)) {
        trace.push([name, event, ...(event === 'unpipe' ? args.slice(0, 1) : args).map(show)]);
      }
      return emit.call(this, event, ...args);
    };
  };

  const listeners = program.listeners.map((script, index) => () => {
    trace.push(['listener', index]);
    script.forEach((op) => perform(op));
  });

  const perform = ([name, verb, ...args], inside) => {
    if (left-- <= 0) return;
    const stream = streams[name === 'self' ? inside : name];
    const label = name === 'self' ? inside : name;
    const callback = (id) => (error) => trace.push([label, 'callback', id, show(error)]);
    if (verb === 'read' && stream.destroyed) return;
    // Node loses count of objects, and keeps bytes as they are, to join them with text by chance.
    // Before Node 26 it loses what is cut off at an end that has come already.
    if (verb === 'setEncoding' && (stream.readableObjectMode || stream._readableState?.ended)) return;
    if (verb === 'unshift' && stream.readableEncoding && args[0].startsWith('b:')) return;
    let answer;
    try {
      switch (verb) {
        case 'tick': process.nextTick(() => args[0].forEach((op) => perform(op, inside))); return;
        case 'release': if (held.length) held.shift()(); return;
        case 'on': case 'once': case 'off': case 'prependListener':
          stream[verb](args[0], listeners[args[1]]); return;
        case 'removeAllListeners': stream.removeAllListeners(args[0]); return;
        case 'finished':
          // A half that is not there was asked for: there Node waits for ever, or by chance.
          if (!(stream instanceof Writable)) delete args[0].writable;
          finished(stream, args[0], callback(`finished ${args[1]}`)); return;
        case 'pipeline': pipeline(...args[0].map((x) => streams[x]), callback(`pipeline ${args[1]}`)); return;
        case 'pipe': stream.pipe(streams[args[0]], { end: args[1] }); return;
        case 'unpipe': stream.unpipe(...args.map((x) => streams[x])); return;
        case 'write': answer = stream.write(value(args[0]), ...(args[1] ? [args[1]] : []), ...(args[2] ? [callback(args[2])] : [])); break;
        case 'end':
          // Node forgets the callback of the first end() after a destroy() without an error.
          if (stream.destroyed && !stream.errored) args[1] = 0;
          answer = stream.end(...(args[0] ? [value(args[0])] : []), ...(args[1] ? [callback(args[1])] : []));
          break;
        case 'push': case 'unshift': case 'destroy': answer = stream[verb](...args.map(value)); break;
        default: answer = stream[verb](...args);
      }
    } catch (error) {
      trace.push([label, verb, 'threw', show(error)]);
      return;
    }
    trace.push([label, verb, answer === stream ? 'self' : show(answer)]);
  };

  const state = (s) => [
    s.destroyed, s.closed, show(s.errored), s.readable ?? false, s.writable ?? false,
    ...(s instanceof Readable ? [
      s.readableFlowing, s.readableEnded, s.readableLength, s.readableHighWaterMark, s.isPaused(),
      s.readableDidRead, s.readableEncoding, s.readableAborted] : []),
    ...(s instanceof Writable ? [
      s.writableLength, s.writableNeedDrain, s.writableEnded, s.writableFinished, s.writableCorked] : []),
  ];

  const step = (index) => {
    if (index === program.steps.length) return done(trace);
    program.steps[index].forEach((op) => perform(op));
    setImmediate(() => {
      trace.push(['state', ...Object.values(streams).map(state)]);
      step(index + 1);
    });
  };
  for (const [name, spec] of Object.entries(program.streams)) make(name, spec);
  step(0);
}

const waiting = [];
let busy = false;
function work() {
  if (busy || !waiting.length) return;
  busy = true;
  run(JSON.parse(waiting.shift()), (trace) => {
    process.stdout.write(`${JSON.stringify(trace)}\n`);
    busy = false;
    setImmediate(work);
  });
}
require('readline').createInterface({ input: process.stdin }).on('line', (line) => { waiting.push(line); work(); });
