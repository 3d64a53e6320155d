'use strict';
// stream.pipeline: signal, end, sources of all kinds, failures in every place, and what it refuses.
const { log, attempt } = require('./_trace');
const { pipeline, PassThrough, Readable, Transform, Writable, promises } = require('stream');
const turn = () => new Promise((r) => setTimeout(r, 5));
const told = (what) => (...a) => log('main', what, ...a);
const outcome = async (what, promise) => {
  try { log('main', what, await promise); } catch (e) { log('main', `${what} fails`, e, e.cause); }
};
const sink = (got) => new Writable({ write(chunk, encoding, cb) { got.push(String(chunk)); cb(); } });
const watched = (name, s) => s.on('error', (e) => log(name, 'error', e)).on('close', () => log(name, 'close'));
(async () => {
  const got = [];
  const through = new PassThrough();
  const last = sink(got);
  log('main', 'returns the last', pipeline(Readable.from(['a', 'b']), through, last, told('callback')) === last);
  await turn(); log('main', 'got', got, last.writableFinished, through.destroyed);
  await outcome('a list', promises.pipeline(['x', 'y', 'z'], sink(got)));
  await outcome('a generator', promises.pipeline(function* () { yield 'p'; yield 'q'; }(), new PassThrough(), sink(got)));
  log('main', 'got', got);
  pipeline([Readable.from(['one']), sink(got)], told('streams in a list')); await turn();
  for (const where of [0, 1, 2]) {
    const row = ['source', 'through', 'sink'].map((n) => watched(n, new PassThrough()));
    pipeline(...row, told(`failure at ${where}`));
    row[0].write('x'); await turn();
    row[where].destroy(new Error(`broken at ${where}`)); await turn();
    log('main', 'destroyed', row.map((s) => s.destroyed));
  }
  for (const where of [0, 1, 2]) {
    const row = ['source', 'through', 'sink'].map((n) => watched(n, new PassThrough()));
    pipeline(...row, told(`destroyed at ${where}`));
    row[0].write('x'); await turn();
    row[where].destroy(); await turn();
    log('main', 'destroyed', row.map((s) => s.destroyed));
  }
  const failing = new Transform({ transform(chunk, encoding, cb) { cb(new Error('cannot transform')); } });
  await outcome('a transform', promises.pipeline(Readable.from(['x']), failing, sink(got)));
  const ac = new AbortController();
  const row = ['source', 'through', 'sink'].map((n) => watched(n, new PassThrough()));
  const up = promises.pipeline(...row, { signal: ac.signal });
  row[0].write('x'); await turn();
  ac.abort(new Error('had enough'));
  await outcome('aborted', up);
  await turn();
  log('main', 'destroyed', row.map((s) => s.destroyed));
  const open = sink(got);
  await outcome('not ended', promises.pipeline(Readable.from(['first']), open, { end: false }));
  log('main', 'goes on', open.writable, open.write('second'));
  open.end(); await turn();
  log('main', 'got', got);
  attempt('main', 'too few', () => pipeline(new PassThrough(), () => {}));
  attempt('main', 'none', () => pipeline(() => {}));
  const dead = new PassThrough().destroy();
  attempt('main', 'a destroyed one', () => pipeline(new PassThrough(), dead, () => {}));
  await outcome('no signal', promises.pipeline(new PassThrough(), new PassThrough(), { signal: {} }));
})();
