// BlockList to JSON and back, and isBlockList.
const { attempt, log, net } = require('./_trace');
const list = new net.BlockList();
list.addAddress('1.1.1.1');
list.addRange('10.0.0.1', '10.0.0.10');
list.addSubnet('2001:db8::', 64, 'ipv6');
log('main', 'toJSON', list.toJSON());
const again = new net.BlockList();
attempt('main', 'fromJSON', () => again.fromJSON(list.toJSON()));
log('main', 'rules', again.rules);
const text = new net.BlockList();
attempt('main', 'fromJSON', () => text.fromJSON(JSON.stringify(list.toJSON())));
log('main', 'rules', text.rules);
attempt('main', 'fromJSON', () => text.fromJSON(['nothing', 'Address: IPv4 ::1', 'Address: IPv6 2001:DB8::7', ' Address: IPv4 4.4.4.4 ']));
log('main', 'rules', text.rules);
for (const data of [5, {}, null, [5], '{"a": 1}', 'null']) attempt('main', 'fromJSON', () => text.fromJSON(data));
attempt('main', 'fromJSON', () => text.fromJSON(['Subnet: IPv4 1.1.1.1/99']));
attempt('main', 'fromJSON', () => text.fromJSON(['Address: IPv4 999.1.1.1']));
log('main', 'isBlockList', net.BlockList.isBlockList(list), net.BlockList.isBlockList({}), net.BlockList.isBlockList(null));
