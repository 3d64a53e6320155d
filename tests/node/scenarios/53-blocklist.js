// BlockList: adding, checking, the rules as text, IPv4-mapped addresses, and every misuse.
const { attempt, log, net } = require('./_trace');
const list = new net.BlockList();
const call = (name, ...args) => attempt('main', name, () => list[name](...args));
const a = (address, family) => new net.SocketAddress({ address, family, port: 5 });
call('addAddress', '1.1.1.1');
call('addAddress', a('1.1.1.2', 'ipv4'));
call('addAddress', '2001:DB8::1', 'IPv6');
call('addRange', '10.0.0.1', '10.0.0.10');
call('addRange', a('11.0.0.1', 'ipv4'), a('11.0.0.1', 'ipv4'));
call('addSubnet', '192.168.5.7', 16);
call('addSubnet', '8592:757c:efae:4e45::', 64, 'ipv6');
call('addSubnet', a('12.0.0.0', 'ipv4'), 8);
log('main', 'rules', list.rules);
for (const [address, family] of [['1.1.1.1'], ['1.1.1.1', 'ipv6'], ['1.1.1.2'], ['1.1.1.3'], ['::ffff:1.1.1.1', 'ipv6'], ['::ffff:101:101', 'ipv6'],
  ['::ffff:1.1.1.1'], ['2001:db8:0:0::1', 'ipv6'], ['2001:db8::2', 'IPV6'], ['10.0.0.0'], ['10.0.0.1'], ['10.0.0.10'], ['10.0.0.11'],
  ['::ffff:10.0.0.5', 'ipv6'], ['11.0.0.1'], ['192.168.255.1'], ['192.169.0.0'], ['8592:757c:efae:4e45:f::', 'ipv6'],
  ['8592:757c:efae:4f45::', 'ipv6'], ['12.1.1.1'], ['::1.1.1.1', 'ipv6'], ['no address'], ['1.1.1.1', 'inet']]) {
  log('main', 'check', address, family, list.check(address, family || 'ipv4'));
}
log('main', 'check a SocketAddress', list.check(a('1.1.1.1', 'ipv4')), list.check(a('::ffff:1.1.1.1', 'ipv6')), list.check(a('::1', 'ipv6'), 'ipv4'));
const six = new net.BlockList();
six.addAddress('::ffff:1.2.3.4', 'ipv6');
six.addRange('::ffff:2.0.0.1', '::ffff:2.0.0.9', 'ipv6');
six.addSubnet('::ffff:3.0.0.0', 104, 'ipv6');
six.addRange('5::', '6::', 'ipv6');
log('main', 'mapped rules', six.rules);
log('main', 'mapped', ['1.2.3.4', '2.0.0.5', '2.0.0.10', '3.9.9.9', '4.1.1.1', '0.0.0.5'].map((address) => six.check(address)));
six.addSubnet('::', 0, 'ipv6');
log('main', 'everything', six.check('9.9.9.9'), six.check('::9', 'ipv6'));
const four = new net.BlockList();
four.addSubnet('0.0.0.0', 0);
log('main', 'all of IPv4', four.check('9.9.9.9'), four.check('::9', 'ipv6'), four.check('::ffff:9.9.9.9', 'ipv6'));
for (const args of [[], [1], ['x'], ['1.1.1.1', 5], ['1.1.1.1', 'inet'], ['::1'], ['1.1.1.1', 'ipv6']]) call('addAddress', ...args);
for (const args of [[1], ['1.1.1.1'], ['1.1.1.2', '1.1.1.1'], ['1.1.1.1', 'x'], ['1.1.1.1', '1.1.1.2', 5]]) call('addRange', ...args);
for (const args of [[1], ['1.1.1.1'], ['1.1.1.1', '8'], ['1.1.1.1', 33], ['::1', 129, 'ipv6'], ['1.1.1.1', -1], ['1.1.1.1', 1.5], ['x', 8],
  ['1.1.1.1', 8, 5]]) call('addSubnet', ...args);
for (const args of [[], [1], ['1.1.1.1', 5]]) call('check', ...args);
log('main', 'nothing was added', list.rules.length);
