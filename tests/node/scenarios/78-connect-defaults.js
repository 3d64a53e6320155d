'use strict';
// The defaults of autoSelectFamily and of its attempt timeout: get, set, misuse, and what they do.
const { net, log, attempt } = require('./_trace');
log('family', 'default', net.getDefaultAutoSelectFamily());
log('family', 'set', net.setDefaultAutoSelectFamily(false), net.getDefaultAutoSelectFamily());
for (const value of [1, 'true', null, {}]) attempt('family', 'set ' + value, () => net.setDefaultAutoSelectFamily(value));
log('family', 'as before', net.getDefaultAutoSelectFamily());
const asked = [];
const lookup = (host, options, callback) => { asked.push(options.all === true); };
net.connect({ port: 1, host: 'x.test', lookup }).destroy();
net.connect({ port: 1, host: 'x.test', lookup, autoSelectFamily: true }).destroy();
net.setDefaultAutoSelectFamily(true);
net.connect({ port: 1, host: 'x.test', lookup }).destroy();
net.connect({ port: 1, host: 'x.test', lookup, autoSelectFamily: false }).destroy();
net.connect({ port: 1, host: 'x.test', lookup, autoSelectFamily: null }).destroy();
log('family', 'all asked for', asked);
for (const ms of [123, 10, 9, 1, 2 ** 31 - 1]) {
  log('timeout', 'set', ms, net.setDefaultAutoSelectFamilyAttemptTimeout(ms), net.getDefaultAutoSelectFamilyAttemptTimeout());
}
for (const ms of [0, -1, 1.5, NaN, 2 ** 31, '10', null, true]) {
  attempt('timeout', 'refused', () => net.setDefaultAutoSelectFamilyAttemptTimeout(ms));
}
log('timeout', 'as before', net.getDefaultAutoSelectFamilyAttemptTimeout());
