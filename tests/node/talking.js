'use strict';
// Runs conversations: JSON programs come in, one a line, a JSON line with the trace of each goes out. See talking.py.
const net = require('net');
const fs = require('fs');
const os = require('os');
const path = require('path');
const crypto = require('crypto');
const { once } = require('events');
const { finished, pipeline, PassThrough } = require('stream');

// All as in talking.py.
const BUDGET = 120;
const AT_ONCE = 24;
const LOOK_MS = 2;
const STILL = 3;
const RESTLESS_MS = 3000;
const RESTLESS_LINES = 2000;
const RESTLESS_BYTES = 300_000; // with more, how much the system holds on the way begins to matter

const FLAGS = ['connecting', 'pending', 'destroyed', 'closed', 'readable', 'readableEnded', 'readableDidRead',
               'readableAborted', 'writable', 'writableEnded', 'writableFinished', 'writableNeedDrain', 'writableAborted'];
const NUMBERS = ['bytesRead', 'bytesWritten', 'readableLength', 'writableLength', 'bufferSize', 'writableCorked', 'timeout',
                 'readableHighWaterMark', 'writableHighWaterMark', 'readableEncoding'];
const ENDS = ['localAddress', 'localFamily', 'remoteAddress', 'remoteFamily'];
const UNSEEN = new Set(['newListener', 'removeListener']);
const ONLY_IF_HEARD = new Set(['readable', 'prefinish']);
const SERVERS = new Set(['tick', 'immediate', 'job', 'on', 'once', 'off', 'prependListener', 'prependOnceListener',
                         'listenerCount', 'set', 'abort', 'await', 'getConnections', 'close', 'listen', 'ref', 'unref']);
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'nn-'));

const digest = (bytes) => crypto.createHash('sha1').update(bytes).digest('hex').slice(0, 8);

function value(x) {
  if (typeof x !== 'string') return x;
  const [kind, rest] = [x.slice(0, 2), x.slice(2)];
  if (kind === 'b:') return Buffer.from(rest, 'hex');
  if (kind === 'e:') return new Error(rest);
  if (kind === 'f:') return Buffer.alloc(Number(rest), 'fill');
  if (kind === 'n:') return Number(rest);
  if (kind === 't:') return 'text'.repeat(Math.ceil(Number(rest) / 4)).slice(0, Number(rest));
  return rest;
}

class Conversation {
  constructor(program, number, done) {
    this.program = program;
    this.done = done;
    const rest = `${(number >> 8) & 255}.${number & 255}`;
    this.host = { tcp4: `127.${201 + (number >> 16)}.${rest}`, tcp6: '::1', unix: null }[program.family];
    this.nobody = `127.${221 + (number >> 16)}.${rest}`; // where nobody listens
    this.path = path.join(directory, `${number}.sock`);
    this.traces = {};
    this.parts = {};
    this.left = {};
    this.functions = {};
    this.signals = {};
    this.bulk = {};
    this.closed = new Set();
    this.connected = new Set();
    this.activity = 0;
    this.recording = true;
    this.accepted = 0;
    this.port = 0;
    const server = net.createServer(program.server.options, (socket) => {
      const name = this.named.get(socket);
      this.enter(name, socket, program.peers[Number(name.slice(1))] ?? { on: [['on', 'data', 'sink']], ops: [] });
    });
    this.named = new Map([[server, 's']]);
    this.enter('s', server, program.server);
    server.listen({ ...this.place(), ...this.signal('s', program.server.signal) }, () => {
      if (program.family !== 'unix') this.port = server.address().port;
      this.next(0);
    });
  }

  place() {
    return this.program.family === 'unix' ? { path: this.path } : { port: 0, host: this.host };
  }

  // The option, if it is wanted.
  signal(name, wanted) {
    if (!wanted) return {};
    this.signals[name] = new AbortController();
    return { signal: this.signals[name].signal };
  }

  // --- the trace

  note(side, ...line) {
    if (!this.recording) return;
    this.activity++;
    const trace = this.traces[side] ??= [];
    if (this.bulk[side]) {
      trace.push(['data*', this.bulk[side]]);
      this.bulk[side] = 0;
    }
    trace.push(line);
  }

  show(x) {
    if (x === null || x === undefined) return null;
    if (typeof x === 'string') return x.length > 40 ? `s:${x.length}:${digest(Buffer.from(x))}` : `s:${this.scrub(x)}`;
    if (x instanceof Uint8Array) return x.length > 20 ? `b:${x.length}:${digest(x)}` : `b:${Buffer.from(x).toString('hex')}`;
    if (x instanceof Error) return `e:${x.code ?? ''} ${x.syscall ?? ''} ${this.scrub(x.message)}`;
    if (typeof x === 'function') return 'function';
    if (typeof x === 'object') return this.named.get(x) ?? Object.keys(x).sort();
    return x;
  }

  shown(args) {
    const shown = args.map((arg) => this.show(arg));
    while (shown.length && shown.at(-1) === null) shown.pop();
    return shown;
  }

  scrub(text) {
    return text.replaceAll(this.path, '<path>').replaceAll(this.host ?? '<>', '<host>').replaceAll(this.nobody, '<nobody>')
      .replace(/:\d+\b/g, ':<n>').replace(/Received .*/s, 'Received');
  }

  state(s) {
    const flags = FLAGS.filter((name) => s[name]);
    if (s.isPaused()) flags.push('paused');
    if (s.readableFlowing !== null) flags.push(s.readableFlowing ? 'flowing' : 'stopped');
    return `${s.readyState}: ${flags.join(' ')}${s.errored ? ` ${this.show(s.errored)}` : ''}`;
  }

  numbers(s) {
    // Of a write that failed Node counts bytes, but not text.
    return [...NUMBERS.map((name) => (name === 'bytesWritten' && s.errored ? null : s[name] ?? null)), ...ENDS.map((name) => this.show(s[name]))];
  }

  // --- the parts

  enter(name, part, spec) {
    this.parts[name] = part;
    this.left[name] = BUDGET;
    part.setMaxListeners(0);
    part.on('error', () => {});
    const conversation = this;
    if (part instanceof net.Socket) {
      part.setNoDelay(true); // small writes do not wait for anything
      // A stream that flows goes on in Node after destroy(), until its buffer is empty. Ours does not, so Node's is
      // kept from it here.
      const read = part.read;
      part.read = function(...args) { return this.destroyed && !args.length ? null : read.apply(this, args); };
      // Whoever reads when told that a path is not there has an error of the reading, not of the connect. Not here.
      const begin = part._read;
      part._read = function(n) { if (this.connecting || this.pending || !conversation.isUnderWay(name)) begin.call(this, n); };
      // Between the attempts of one connect() Node forgets an end(). Ours does not.
      const undestroy = part._undestroy;
      part._undestroy = function() { if (!this.connecting) undestroy.call(this); };
    }
    const emit = part.emit;
    part.emit = function(event, ...args) {
      conversation.emitted(name, part, event, args);
      return emit.call(this, event, ...args);
    };
    for (const [method, event, listener] of spec.on) part[method](event, this.listener(name, listener));
    this.performAll(spec.ops, name);
  }

  emitted(name, part, event, args) {
    if (UNSEEN.has(event) || (ONLY_IF_HEARD.has(event) && !part.listenerCount(event))) return;
    if (event === 'close') this.closed.add(name);
    if (event === 'connect') this.connected.add(name);
    if (event === 'data' && this.program.bulk) return this.count(name, args[0].length);
    if (event === 'connection') this.named.set(args[0], `p${this.accepted++}`);
    const shown = this.shown(event === 'unpipe' ? args.slice(0, 1) : args);
    if (event.startsWith('connectionAttempt')) shown.splice(1, 1, '<n>');
    this.note(name, event, ...shown, ...(part instanceof net.Socket ? [this.state(part)] : []));
  }

  count(name, size) {
    if (this.recording) this.activity++;
    this.bulk[name] = (this.bulk[name] ?? 0) + size;
  }

  listener(name, index) {
    return this.functions[`${name} ${index}`] ??= this.made(name, index);
  }

  made(name, index) {
    if (index === 'sink') return () => {};
    if (index === 'readAll') {
      return () => {
        for (let chunk; !this.parts[name].destroyed && (chunk = this.parts[name].read()) !== null;) this.note(name, 'got', this.show(chunk));
      };
    }
    if (index === 'readOne') {
      return () => { if (!this.parts[name].destroyed) this.note(name, 'got', this.show(this.parts[name].read(1))); };
    }
    return () => {
      this.note(name, 'listener', index);
      this.performAll(this.program.listeners[index], name);
    };
  }

  callback(name, index) {
    if (index === null || index === undefined) return [];
    return [(...args) => {
      this.note(name, 'callback', index, ...this.shown(args));
      this.performAll(this.program.listeners[index], name);
    }];
  }

  // --- what it does

  performAll(operations, inside) {
    for (const operation of operations) this.perform(operation, inside);
  }

  perform([who, verb, ...args], inside) {
    const name = who === 'self' ? inside : who;
    const part = this.parts[name];
    if (!part || !this.recording) return;
    if (this.left[name]-- <= 0) {
      this.activity = Infinity;
      return;
    }
    if (part === this.parts.s && !SERVERS.has(verb)) return;
    let answer;
    try {
      answer = this.act(name, part, verb, args);
    } catch (error) {
      this.note(name, verb, 'threw', this.show(error));
      return;
    }
    if (answer !== Conversation.SILENT) this.note(name, verb, answer === part ? 'self' : this.show(answer));
  }

  static SILENT = Symbol('silent');

  act(name, part, verb, args) {
    const SILENT = Conversation.SILENT;
    const later = () => { this.note(name, verb); this.performAll(args[0], name); };
    const others = (names) => names.map((each) => this.parts[each === 'self' ? name : each]).filter(Boolean);
    switch (verb) {
      case 'tick': process.nextTick(later); return SILENT;
      case 'immediate': setImmediate(later); return SILENT;
      case 'job': queueMicrotask(later); return SILENT;
      case 'on': case 'once': case 'off': case 'prependListener': case 'prependOnceListener':
        part[verb](args[0], this.listener(name, args[1]));
        return SILENT;
      case 'removeAllListeners': part.removeAllListeners(args[0]); return SILENT;
      case 'listenerCount': return part.listenerCount(args[0]);
      case 'ask': return this.isUnderWay(name) && args[0].startsWith('local') ? SILENT : part[args[0]];
      case 'address': return this.isUnderWay(name) ? SILENT : part.address();
      case 'setTimeout': return part.setTimeout(args[0], ...this.callback(name, args[1]));
      case 'set': part[args[0]] = args[1]; return SILENT;
      case 'abort': this.signals[name]?.abort(value(args[0])); return SILENT;
      case 'await':
        once(part, args[0]).then((found) => this.note(name, 'awaited', args[0], ...this.shown(found)), (error) => this.note(name, 'await threw', this.show(error)));
        return SILENT;
      case 'getConnections': return part.getConnections(...this.callback(name, args[0]));
      case 'close': return part.close(...this.callback(name, args[0]));
      case 'listen': return part.listen(this.program.family === 'unix' ? this.place() : { ...this.place(), port: this.port }, ...this.callback(name, args[0]));
      case 'connect': return this.connect(name, part, ...args);
      case 'write':
        return part.write(value(args[0]), ...(args[1] ? [args[1]] : []), ...this.callback(name, args[2]));
      case 'fill':
        for (let left = args[1]; left && part.write(value(args[0])); left--) this.note(name, 'filled');
        return SILENT;
      case 'end':
        // Node forgets the callback of the first end() after a destroy() without an error.
        if (part.destroyed && !part.errored) args = [args[0], args[1], null];
        return part.end(...(args[0] ? [value(args[0]), ...(args[1] ? [args[1]] : [])] : []), ...this.callback(name, args[2]));
      case 'read': return part.destroyed ? SILENT : part.read(...args);
      // Up to Node 24 what is cut off at an end that has come already is lost: a departure.
      case 'setEncoding': return part._readableState?.ended ? SILENT : part.setEncoding(...args);
      case 'unshift': return part.unshift(part.readableEncoding ? 'un' : Buffer.from('un'));
      case 'destroy': return part.destroy(...args.map(value));
      case 'pipe': others(args.slice(0, 1)).forEach((other) => part.pipe(other, { end: args[1] })); return SILENT;
      case 'through': {
        const middle = this.passing();
        others(args.slice(0, 1)).forEach((other) => part.pipe(middle).pipe(other, { end: args[1] }));
        return SILENT;
      }
      case 'unpipe': return part.unpipe(...others(args));
      case 'finished':
        finished(part, args[0], (error) => this.callback(name, args[1])[0](error));
        return SILENT;
      case 'pipeline': {
        const row = args[0].flatMap((each) => each === 'through' ? [this.passing()] : others([each]));
        if (row.length > 1) pipeline(...row, ...this.callback(name, args[1]));
        return SILENT;
      }
      case 'iterate': this.iterate(name, part, ...args); return SILENT;
      default: return part[verb](...args);
    }
  }

  // Of an attempt Node may know the local address: a departure.
  isUnderWay(name) {
    return name[0] === 'c' && !this.connected.has(name);
  }

  passing() {
    const middle = new PassThrough({ highWaterMark: 16 }).on('error', () => {});
    this.named.set(middle, 'through');
    return middle;
  }

  connect(name, part, where, index, { lookup, ...more } = {}) {
    // A socket that has a connection breaks in Node when it connects again; one that is not closed yet may; and one
    // that was never connected does again what was written to it.
    if (part.connecting || (part.destroyed ? !(this.closed.has(name) && this.connected.has(name)) : !part.pending)) return Conversation.SILENT;
    this.closed.delete(name);
    this.connected.delete(name);
    const refused = where === 'refused';
    const options = this.program.family === 'unix' ? { path: refused ? `${this.path}-none` : this.path } :
      { port: refused ? 1 : this.port, host: this.host };
    if (lookup && this.program.family !== 'unix') Object.assign(options, { host: 'some.test', lookup: this.lookup(name, ...lookup) });
    return part.connect({ ...options, ...more }, ...this.callback(name, index));
  }

  // A lookup function that answers in some way.
  lookup(name, when, what) {
    return (host, { all, family, hints }, callback) => {
      this.note(name, 'asked', this.show(host), all ?? false, family ?? 0, hints ?? 0);
      const address = (address) => ({ address, family: net.isIP(address) });
      const found = what === 'two' ? [address(this.nobody), address(this.host)] : [address(this.host)];
      const given = what === 'fails' ? [new Error('lookup')] : all ? [null, found] : [null, ...Object.values(found[0])];
      const answer = () => { this.note(name, 'found'); callback(...given); };
      ({ now: (fn) => fn(), tick: process.nextTick, immediate: setImmediate, poll: (fn) => fs.stat('.', () => fn()) })[when](answer);
    };
  }

  async iterate(name, part, limit, options) {
    try {
      let count = 0;
      for await (const chunk of options ? part.iterator(options) : part) {
        this.note(name, 'for', this.show(chunk));
        if (++count === limit) break;
      }
      this.note(name, 'for over');
    } catch (error) {
      this.note(name, 'for threw', this.show(error));
    }
  }

  // --- its turns

  // A step begins as what the poll found, unless it says otherwise.
  next(index) {
    const step = () => this.step(index);
    const [, verb, how] = this.program.steps[index]?.[0] ?? [];
    const begin = { timer: step, immediate: () => fs.stat('.', () => setImmediate(step)) }[verb === 'begin' && how];
    setTimeout(begin ?? (() => fs.stat('.', step)), LOOK_MS);
  }

  options(name, { signal, onread, ...rest }) {
    return {
      ...rest,
      ...this.signal(name, signal),
      ...(onread ? { onread: { buffer: Buffer.alloc(onread.size), callback: this.onread(name, onread) } } : {}),
    };
  }

  onread(name, { refuse }) {
    return (size, buffer) => {
      if (this.program.bulk) this.count(name, size);
      else this.note(name, 'onread', size, this.show(buffer.subarray(0, size)));
      return !refuse;
    };
  }

  step(index) {
    const { steps, clients } = this.program;
    if (index === steps.length) return this.end();
    if (index === 0) {
      clients.forEach((spec, number) => {
        const socket = new net.Socket(this.options(`c${number}`, spec.options));
        this.named.set(socket, `c${number}`);
        this.enter(`c${number}`, socket, spec);
      });
    }
    let wait = 0;
    for (const operation of steps[index]) {
      if (operation[1] === 'wait') wait = operation[2];
      else if (operation[1] !== 'begin') this.perform(operation);
    }
    setTimeout(() => this.settle(-1, 0, Date.now(), () => {
      if (wait) this.eachSocket((name, socket) => { if (socket.timeout) this.perform([name, 'setTimeout', 0]); });
      this.eachSocket((name, socket) => this.note(name, 'quiet', index, this.state(socket), ...this.numbers(socket)));
      this.note('s', 'quiet', index, this.parts.s.listening);
      this.next(index + 1);
    }), wait || LOOK_MS);
  }

  // Calls fn when nothing has happened for a while.
  settle(seen, still, since, fn) {
    if (seen !== this.activity) still = 0;
    else if (Object.values(this.parts).some((part) => part.connecting)) still = 0;
    else if (++still === STILL) return fn();
    const much = RESTLESS_BYTES * (this.program.bulk ? 10 : 1);
    if (Date.now() - since > RESTLESS_MS || this.activity > RESTLESS_LINES ||
        Object.values(this.parts).some((part) => part.bytesRead > much)) {
      this.traces = { main: ['restless'] };
      return this.end();
    }
    seen = this.activity;
    setTimeout(() => this.settle(seen, still, since, fn), LOOK_MS);
  }

  eachSocket(fn) {
    for (const [name, part] of Object.entries(this.parts)) if (name !== 's') fn(name, part);
  }

  end() {
    this.note('main', 'closed', [...this.closed].sort().join(' '));
    this.recording = false;
    this.eachSocket((name, socket) => socket.destroy());
    this.parts.s.close();
    this.done(this.traces);
  }
}

const waiting = fs.readFileSync(0, 'utf8').split('\n').filter(Boolean);
let number = 0;
let open = 0;
process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }));

function more() {
  while (open < AT_ONCE && number < waiting.length) {
    const index = number++;
    open++;
    new Conversation(JSON.parse(waiting[index]), index, (traces) => {
      process.stdout.write(`${JSON.stringify([index, traces])}\n`);
      open--;
      if (!open && number === waiting.length) setTimeout(() => process.exit(), 20);
      else setImmediate(more);
    });
  }
}
if (waiting.length) more();
