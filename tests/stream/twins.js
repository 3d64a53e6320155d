'use strict';
// Small programs that test_twins.py has twins of: what the name on the command line says, its trace on stdout.
const { Readable, Writable, Duplex, Transform, PassThrough, pipeline, finished, addAbortSignal } = require('stream');

const show = (x) => {
  if (x === undefined || x === null) return null;
  if (x instanceof Uint8Array) return Buffer.from(x).toString('latin1');
  if (x instanceof Error) return x.code ?? x.message;
  return x;
};
const later = setImmediate;

const programs = {
  iterateAll(log) {
    const p = watch(log, new PassThrough());
    loop(log, p);
    p.write('one');
    later(() => { p.write('two'); p.write('three'); later(() => p.end()); });
  },
  iterateObjects(log) {
    // Not watched: a chunk that is there comes a promise's job later in Node, at once in ours.
    loop(log, Readable.from(['one', 'two', 'three']));
  },
  iterateBreak(log) {
    const p = watch(log, new PassThrough());
    loop(log, p, 'break');
    p.write('one');
    later(() => p.write('two'));
  },
  iterateBreakAndKeep(log) {
    const p = watch(log, new PassThrough());
    loop(log, p.iterator({ destroyOnReturn: false }), 'break');
    p.write('one');
    later(() => { p.write('two'); later(() => log('state', p.destroyed, p.listenerCount('error'), show(p.read()))); });
  },
  iterateError(log) {
    const p = watch(log, new PassThrough());
    loop(log, p);
    p.write('one');
    later(() => p.destroy(new Error('cut')));
  },
  iterateDestroyed(log) {
    const p = watch(log, new PassThrough());
    loop(log, p);
    p.write('one');
    later(() => p.destroy());
  },
  iterateAfterTheEnd(log) {
    const r = watch(log, new Readable({ read() {} }));
    r.push('last');
    r.push(null);
    r.resume();
    later(() => loop(log, r));
  },
  iterateHalfOpen(log) {
    const d = watch(log, new Duplex({ read() {}, write(c, e, cb) { log('wrote', show(c)); cb(); } }));
    loop(log, d);
    d.push('one');
    later(() => { d.push(null); later(() => { log('open', d.writable, d.destroyed); d.end('bye'); }); });
  },
  iterateNotHalfOpen(log) {
    const d = watch(log, new Duplex({ allowHalfOpen: false, read() {}, write(c, e, cb) { cb(); } }));
    loop(log, d);
    d.push('one');
    later(() => d.push(null));
  },
  fromGenerator(log) {
    const r = watch(log, Readable.from((function* () {
      try { yield 'one'; log('asked'); yield 'two'; } finally { log('closed'); }
    })()));
    r.once('data', () => { r.pause(); later(() => r.destroy()); });
  },
  fromText(log) {
    watch(log, Readable.from('text')).on('data', () => {});
  },
  fromFailing(log) {
    watch(log, Readable.from((function* () { yield 'one'; throw new Error('broken'); })())).on('data', () => {});
  },
  fromNull(log) {
    watch(log, Readable.from([1, null])).on('data', () => {});
  },
  signalOption(log) {
    const ac = new AbortController();
    const r = watch(log, new Readable({ read() {}, signal: ac.signal }));
    later(() => { ac.abort(); log('destroyed', r.destroyed); });
  },
  signalAborted(log) {
    const w = watch(log, new Writable({ write() {}, signal: AbortSignal.abort() }));
    log('destroyed', w.destroyed);
  },
  signalAdded(log) {
    const ac = new AbortController();
    const r = watch(log, new Readable({ read() {} }));
    log('returns', addAbortSignal(ac.signal, r) === r);
    r.push(null);
    r.resume();
    later(() => { ac.abort(); log('destroyed', r.destroyed, show(r.errored)); });
  },
  finishedAborted(log) {
    const ac = new AbortController();
    const r = watch(log, new Readable({ read() {} }));
    finished(r, { signal: ac.signal }, (error) => log('finished', show(error)));
    later(() => { ac.abort(); log('destroyed', r.destroyed, r.listenerCount('end')); });
  },
  finishedCleaned(log) {
    const r = watch(log, new Readable({ read() {} }));
    const clean = finished(r, (error) => log('finished', show(error)));
    log('listeners', ...['end', 'finish', 'error', 'close'].map((e) => r.listenerCount(e)));
    clean();
    log('listeners', ...['end', 'finish', 'error', 'close'].map((e) => r.listenerCount(e)));
    later(() => r.destroy());
  },
  pipelineOfIterable(log) {
    const w = watch(log, new Writable({ write(c, e, cb) { log('wrote', show(c)); process.nextTick(cb); } }));
    pipeline(Readable.from(['one', 'two']), new PassThrough(), w, (error) => log('pipeline', show(error)));
  },
  pipelineOfOne(log) {
    try { pipeline(new PassThrough(), () => {}); } catch (error) { log('threw', error.code); }
    try { pipeline([new PassThrough()], () => {}); } catch (error) { log('threw', error.code); }
  },
  pipelineToDestroyed(log) {
    const a = watch(log, new PassThrough());
    const b = watch(log, new PassThrough().destroy());
    try { pipeline(a, b, () => log('called')); } catch (error) { log('threw', error.code); }
  },
  marks(log) {
    for (const mark of [-1, 1.5, NaN]) {
      try { new Readable({ highWaterMark: mark }); } catch (error) { log('threw', error.code); }
      try { new Duplex({ writableHighWaterMark: mark }); } catch (error) { log('threw', error.code); }
    }
    const d = new Duplex({ readableHighWaterMark: 3, writableHighWaterMark: 4, writableObjectMode: true });
    log('marks', d.readableHighWaterMark, d.writableHighWaterMark, d.readableObjectMode, d.writableObjectMode);
    const both = new Duplex({ highWaterMark: 5, readableHighWaterMark: 3 });
    log('marks', both.readableHighWaterMark, both.writableHighWaterMark);
    const t = new Transform({ readableHighWaterMark: 0 });
    log('marks', t.readableHighWaterMark, t.writableHighWaterMark);
    const o = new PassThrough({ objectMode: true });
    log('marks', o.readableHighWaterMark, o.writableHighWaterMark, new PassThrough().readableHighWaterMark);
    const r = new Readable({ read() {} });
    try { r.read(2 ** 30 + 1); } catch (error) { log('threw', error.code); }
    r.read(70000);
    log('raised', r.readableHighWaterMark);
  },
  misuse(log) {
    const w = watch(log, new Writable({ write(c, e, cb) { cb(); } }));
    for (const args of [[null], [undefined], [5], [{}], [['a']], ['a', 'klingon'], [Buffer.from('a'), 'klingon']]) {
      try { log('write', w.write(...args)); } catch (error) { log('threw', error.code); }
    }
    for (const encoding of ['klingon', '', null]) {
      try { log('default', w.setDefaultEncoding(encoding) === w); } catch (error) { log('threw', error.code); }
    }
    const r = watch(log, new Readable({ read() {} }));
    for (const encoding of ['klingon', 'UTF-16LE', null, '']) {
      try { r.setEncoding(encoding); log('encoding', r.readableEncoding); } catch (error) { log('threw', error.code); }
    }
    log('push', r.push(5));
    w.pipe(r);
    new Readable().on('error', (error) => log('read', error.code)).read();
    try { new Writable().on('error', () => {}).write('a'); } catch (error) { log('threw', error.code); }
    try { new Transform().on('error', () => {}).write('a'); } catch (error) { log('threw', error.code); }
    for (const s of [5, null, {}]) {
      try { finished(s, () => {}); } catch (error) { log('threw', error.code); }
    }
  },
};

function watch(log, stream) {
  const emit = stream.emit;
  stream.on('error', () => {});
  stream.emit = function(event, ...args) {
    if (event !== 'newListener' && event !== 'removeListener') log(event, ...(event.endsWith('pipe') ? [] : args.map(show)));
    return emit.call(this, event, ...args);
  };
  return stream;
}

async function loop(log, stream, how) {
  try {
    for await (const chunk of stream) {
      log('chunk', show(chunk));
      if (how === 'break') break;
    }
    log('over');
  } catch (error) {
    log('caught', show(error));
  }
}

const all = {};
for (const [name, program] of Object.entries(programs)) {
  all[name] = [];
  program((...args) => all[name].push(args));
}
process.on('exit', () => process.stdout.write(JSON.stringify(all)));
