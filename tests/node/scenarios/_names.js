'use strict';
// Which names of Node's net there are, and which of them a scenario uses.
//   node _names.js                              prints the public names, as JSON
//   NAMES=file node -r ./_names.js scenario.js  runs the scenario and writes the names that it used into the file
// A use is a call or a look from the scenario's own code (or the tracer's), not one that Node makes for itself. Properties that
// cannot be watched count as used when the scenario's text has them.
const fs = require('fs');
const Module = require('module');
const path = require('path');
const net = require('net');
const stream = require('stream');
const { EventEmitter } = require('events');

const symbols = new Map([
  [Symbol.asyncDispose, '[Symbol.asyncDispose]'], [Symbol.asyncIterator, '[Symbol.asyncIterator]'],
  [Symbol.dispose, '[Symbol.dispose]'],
]);
const classes = ['Server', 'Socket', 'BlockList', 'SocketAddress', 'BoundSocket'].filter((name) => net[name]);
const nameOf = (key) => (typeof key === 'symbol' ? symbols.get(key) : key.startsWith('_') ? undefined : key);
const chain = function* (proto) {
  for (; proto && proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) yield proto;
};
// What a class has of its own accord: the function's length and the like are not its members.
const statics = (made) => Reflect.ownKeys(made).filter((key) => !['length', 'name', 'prototype'].includes(key));

// Properties that an instance has only once somebody has set them.
const later = { Server: ['dropMaxConnection', 'maxConnections'], Socket: ['autoSelectFamilyAttemptedAddresses', 'timeout'] };

function members(made) {
  const found = new Set(later[classes.find((name) => net[name] === made)]);
  for (const proto of chain(made.prototype)) {
    for (const key of Reflect.ownKeys(proto)) if (key !== 'constructor' && nameOf(key)) found.add(nameOf(key));
  }
  if (made === net.Server || made === net.Socket) {
    for (const key of Object.keys(new made())) if (nameOf(key)) found.add(key);
  }
  return [...found].sort();
}

function api() {
  const names = { net: Object.keys(net).filter(nameOf).sort() };
  for (const name of classes) {
    names[name] = members(net[name]);
    names[`static ${name}`] = statics(net[name]).filter(nameOf).map(nameOf).sort();
  }
  return { version: process.version, names };
}

// --- watching a scenario ---------------------------------------------------------------------

const used = new Set();
const watchable = new Set();

function caller() {
  const prepare = Error.prepareStackTrace;
  Error.prepareStackTrace = (_, frames) => frames;
  const frames = new Error().stack;
  Error.prepareStackTrace = prepare;
  return (frames[2] && frames[2].getFileName()) || '';
}
const isScenario = (file) => file.startsWith(__dirname + path.sep) && file !== __filename;
// The tracer looks at the classes for every scenario; that shows nothing.
const isTracer = (file) => path.basename(file) === '_trace.js';

function tellOptions(call, args) {
  for (const options of args) {
    if (options && typeof options === 'object' && Object.getPrototypeOf(options) === Object.prototype) {
      for (const key of Object.keys(options)) used.add(`${call} option ${key}`);
    }
  }
}

// What is no server and no socket, but what these are made of, counts under the name of that.
const ownerOf = (that) => classes.find((name) => that instanceof net[name]) ||
  (that instanceof stream.Readable ? 'Duplex' : that instanceof EventEmitter ? 'EventEmitter' : undefined);

function wrap(proto, key) {
  const name = nameOf(key);
  const descriptor = Object.getOwnPropertyDescriptor(proto, key);
  if (!name || key === 'constructor' || !descriptor.configurable) return;
  watchable.add(name);
  const tell = (that) => { const owner = ownerOf(that); if (owner) used.add(`${owner}.${name}`); };
  if (typeof descriptor.value === 'function') {
    const original = descriptor.value;
    descriptor.value = function(...args) {
      if (isScenario(caller())) {
        tell(this);
        if (name === 'listen' || name === 'connect') tellOptions(name, args);
      }
      if (name === 'emit' && typeof args[0] === 'string' && ownerOf(this)) used.add(`${ownerOf(this)} '${args[0]}'`);
      return Reflect.apply(original, this, args);
    };
  } else if (descriptor.get) {
    const original = descriptor.get;
    descriptor.get = function() {
      if (isScenario(caller())) tell(this);
      return Reflect.apply(original, this, []);
    };
  } else return;
  Object.defineProperty(proto, key, descriptor);
}

function watched() {
  const calls = { createServer: 'createServer', Server: 'createServer', Socket: 'Socket', Stream: 'Socket',
                  connect: 'connect', createConnection: 'connect', BoundSocket: 'BoundSocket', SocketAddress: 'SocketAddress' };
  const wrapped = new Map();
  const wrapExport = (key, value) => new Proxy(value, {
    apply(target, that, args) { tellOptions(calls[key] || key, args); return Reflect.apply(target, that, args); },
    construct(target, args, made) { tellOptions(calls[key] || key, args); return Reflect.construct(target, args, made); },
    get(target, name) {
      if (classes.includes(key) && statics(target).includes(name)) used.add(`static ${key}.${String(name)}`);
      return target[name];
    },
  });
  return new Proxy(net, {
    get(target, key) {
      const value = target[key];
      if (typeof value !== 'function') return value;
      if (!isTracer(caller())) used.add(`net.${key}`);
      if (!wrapped.has(key)) wrapped.set(key, wrapExport(key, value));
      return wrapped.get(key);
    },
  });
}

// Only of classes that the scenario has an instance of.
function readText(text) {
  for (const owner of classes) {
    if (![...used].some((name) => name.startsWith(`${owner}.`))) continue;
    for (const name of members(net[owner])) {
      if (!watchable.has(name) && new RegExp(`\\.${name}\\b|'${name}'`).test(text)) used.add(`${owner}.${name}`);
    }
  }
}

if (require.main === module) {
  console.log(JSON.stringify(api()));
} else if (process.env.NAMES) {
  const done = new Set();
  for (const name of classes) {
    for (const proto of chain(net[name].prototype)) {
      if (done.has(proto)) continue;
      done.add(proto);
      for (const key of Reflect.ownKeys(proto)) wrap(proto, key);
    }
  }
  const text = fs.readFileSync(process.argv[1], 'utf8');
  const shown = watched();
  const load = Module._load;
  Module._load = function(request, ...rest) {
    return request === 'net' || request === 'node:net' ? shown : load.call(this, request, ...rest);
  };
  process.on('exit', () => {
    readText(text);
    fs.writeFileSync(process.env.NAMES, JSON.stringify([...used].sort()));
  });
}
