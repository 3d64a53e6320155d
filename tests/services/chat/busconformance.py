"""
What every bus must do, written once: mix L{BusConformance} into a test case and say how a bus is made.
"""

from zope.interface.verify import verifyObject

from nodenet.services.chat.bus import JOIN, MESSAGE, TOPIC, WHISPER, BusUnavailable, Entry, IChatBus


def message(body, session="s1", nickname="ann"):
    return Entry(MESSAGE, session, nickname, body)


class BusConformance:
    """
    The contract of L{IChatBus}.  The tests wait for everything that they look at, so that a bus may take its time.
    """

    def makeBus(self):
        """
        @return: a fresh bus that is not started, and shares nothing with any other.
        """
        raise NotImplementedError

    async def settle(self):
        """Wait until what was published has been given to the receivers."""

    async def up(self):
        bus = self.makeBus()
        await bus.start()
        return bus

    async def listener(self, bus, room="lobby", fromId=None):
        got = []
        await bus.subscribe(room, fromId, got.append)
        return got

    # --- state -----------------------------------------------------------------------------------

    async def test_interface(self):
        verifyObject(IChatBus, self.makeBus())

    async def test_states(self):
        bus = self.makeBus()
        states = []
        bus.on("state", states.append)
        self.assertEqual(bus.state, "down")
        await bus.start()
        self.assertEqual(bus.state, "up")
        await bus.start()
        await bus.stop(1000)
        self.assertEqual(bus.state, "down")
        await bus.stop(1000)
        self.assertEqual(states, ["up", "down"])

    async def test_restart(self):
        bus = await self.up()
        await bus.stop(1000)
        await bus.start()
        got = await self.listener(bus)
        await bus.publish("lobby", message("again"))
        await self.settle()
        self.assertEqual([entry.body for entry in got], ["again"])

    async def test_nothingIsDoneWhileDown(self):
        bus = self.makeBus()
        for call in (
            lambda: bus.publish("lobby", message("a")),
            lambda: bus.subscribe("lobby", None, print),
            lambda: bus.history("lobby", None, 10),
            lambda: bus.claimNick("ann", "s1"),
            lambda: bus.join("lobby", "s1", "ann"),
            lambda: bus.members("lobby"),
            lambda: bus.arrive("s1"),
            lambda: bus.online(),
            lambda: bus.rooms(),
            lambda: bus.topic("lobby"),
            lambda: bus.holder("ann"),
        ):
            with self.assertRaises(BusUnavailable):
                await call()

    async def test_givingBackNeverFails(self):
        bus = self.makeBus()
        await bus.unsubscribe("lobby", print)
        await bus.releaseNick("ann", "s1")
        await bus.part("lobby", "s1")
        await bus.depart("s1")

    # --- the log ---------------------------------------------------------------------------------

    async def test_everySubscriberGetsEveryEntryInOrder(self):
        bus = await self.up()
        one, other = await self.listener(bus), await self.listener(bus)
        for number in range(20):
            await bus.publish("lobby", message(str(number)))
        await self.settle()
        self.assertEqual([entry.body for entry in one], [str(number) for number in range(20)])
        self.assertEqual(one, other)

    async def test_publishesWithoutWaitingKeepTheirOrder(self):
        bus = await self.up()
        got = await self.listener(bus)
        pending = [bus.publish("lobby", message(str(number))) for number in range(20)]
        ids = [await deferred for deferred in pending]
        await self.settle()
        self.assertEqual([entry.body for entry in got], [str(number) for number in range(20)])
        self.assertEqual([entry.id for entry in got], ids)

    async def test_anEntryComesBackAsItWas(self):
        bus = await self.up()
        got = await self.listener(bus)
        id = await bus.publish("lobby", Entry(WHISPER, "s1", "安", "1_000 你好 007", "s2"))
        await self.settle()
        (entry,) = got
        self.assertEqual(
            (entry.type, entry.session, entry.nickname, entry.body, entry.to, entry.id),
            (WHISPER, "s1", "安", "1_000 你好 007", "s2", id),
        )
        self.assertIsInstance(entry.time, int)
        self.assertGreater(entry.time, 0)

    async def test_idsAreUniqueAndTimesNeverGoBack(self):
        bus = await self.up()
        got = await self.listener(bus)
        for number in range(50):
            await bus.publish("lobby", message(str(number)))
        await self.settle()
        self.assertEqual(len({entry.id for entry in got}), 50)
        times = [entry.time for entry in got]
        self.assertEqual(times, sorted(times))

    async def test_roomsAreApart(self):
        bus = await self.up()
        lobby, attic = await self.listener(bus), await self.listener(bus, "attic")
        await bus.publish("attic", message("up here"))
        await self.settle()
        self.assertEqual(lobby, [])
        self.assertEqual(len(attic), 1)

    async def test_subscribeFromNow(self):
        bus = await self.up()
        await bus.publish("lobby", message("before"))
        got = await self.listener(bus)
        await bus.publish("lobby", message("after"))
        await self.settle()
        self.assertEqual([entry.body for entry in got], ["after"])

    async def test_subscribeFromAnEntry(self):
        bus = await self.up()
        ids = [await bus.publish("lobby", message(str(number))) for number in range(5)]
        got = await self.listener(bus, fromId=ids[1])
        await bus.publish("lobby", message("5"))
        await self.settle()
        self.assertEqual([entry.body for entry in got], ["2", "3", "4", "5"])

    async def test_unsubscribe(self):
        bus = await self.up()
        got, other = [], await self.listener(bus)
        receiver = got.append
        await bus.subscribe("lobby", None, receiver)
        await bus.unsubscribe("lobby", receiver)
        await bus.publish("lobby", message("a"))
        await self.settle()
        self.assertEqual(got, [])
        self.assertEqual(len(other), 1)

    async def test_unsubscribeInsideAReceiver(self):
        bus = await self.up()
        got = []

        def first(entry):
            bus.unsubscribe("lobby", second)

        def second(entry):
            got.append(entry)

        await bus.subscribe("lobby", None, first)
        await bus.subscribe("lobby", None, second)
        await bus.publish("lobby", message("a"))
        await self.settle()
        self.assertEqual(got, [])

    async def test_receiversAreNotReentered(self):
        """What a receiver publishes comes after what it is given now, for everyone."""
        bus = await self.up()
        seen, running = [], []

        def answering(entry):
            self.assertEqual(running, [])
            running.append(entry)
            if entry.body == "question":
                bus.publish("lobby", message("answer"))
            seen.append(entry.body)
            running.clear()

        await bus.subscribe("lobby", None, answering)
        witness = await self.listener(bus)
        await bus.publish("lobby", message("question"))
        await bus.publish("lobby", message("next"))
        await self.settle()
        self.assertEqual(sorted(seen), ["answer", "next", "question"])
        self.assertEqual(seen[0], "question")
        self.assertEqual([entry.body for entry in witness], seen)

    async def test_publishingDuringTheReplay(self):
        bus = await self.up()
        ids = [await bus.publish("lobby", message(str(number))) for number in range(3)]
        seen = []

        def answering(entry):
            seen.append(entry.body)
            if entry.body == "1":
                bus.publish("lobby", message("answer"))

        await bus.subscribe("lobby", ids[0], answering)
        await self.settle()
        self.assertEqual(seen, ["1", "2", "answer"])

    async def test_subscribingInsideAReceiver(self):
        bus = await self.up()
        got = []

        def first(entry):
            if entry.body == "a":
                bus.publish("lobby", message("b"))
                bus.subscribe("lobby", entry.id, got.append)

        await bus.subscribe("lobby", None, first)
        await bus.publish("lobby", message("a"))
        await bus.publish("lobby", message("c"))
        await self.settle()
        self.assertEqual([entry.body for entry in got], ["b", "c"])

    async def test_aFailingReceiverHurtsNobody(self):
        bus = await self.up()

        def failing(entry):
            raise ZeroDivisionError("on purpose")

        await bus.subscribe("lobby", None, failing)
        got = await self.listener(bus)
        await bus.publish("lobby", message("a"))
        await bus.publish("lobby", message("b"))
        await self.settle()
        self.assertEqual([entry.body for entry in got], ["a", "b"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    # --- history ---------------------------------------------------------------------------------

    async def test_history(self):
        bus = await self.up()
        self.assertEqual(await bus.history("lobby", None, 10), [])
        ids = [await bus.publish("lobby", message(str(number))) for number in range(6)]

        async def bodies(before, limit):
            return [entry.body for entry in await bus.history("lobby", before, limit)]

        self.assertEqual(await bodies(None, 10), ["0", "1", "2", "3", "4", "5"])
        self.assertEqual(await bodies(None, 2), ["4", "5"])
        self.assertEqual(await bodies(ids[4], 2), ["2", "3"])
        self.assertEqual(await bodies(ids[0], 2), [])
        self.assertEqual(await bodies(None, 0), [])

    async def test_historyHasNoWhispers(self):
        bus = await self.up()
        await bus.publish("lobby", Entry(JOIN, "s1", "ann"))
        await bus.publish("lobby", Entry(WHISPER, "s1", "ann", "secret", "s2"))
        await bus.publish("lobby", message("public"))
        self.assertEqual([entry.type for entry in await bus.history("lobby", None, 2)], [JOIN, MESSAGE])

    # --- what is unique or counted ---------------------------------------------------------------

    async def test_nicknamesBelongToOne(self):
        bus = await self.up()
        self.assertTrue(await bus.claimNick("ann", "s1"))
        self.assertFalse(await bus.claimNick("ann", "s2"))
        self.assertTrue(await bus.claimNick("ann", "s1"))
        self.assertTrue(await bus.claimNick("bob", "s1"))

    async def test_racingClaims(self):
        bus = await self.up()
        pending = [(session, bus.claimNick("ann", f"s{session}")) for session in range(20)]
        self.assertEqual(sum([await claim for _, claim in pending]), 1)

    async def test_releaseNick(self):
        bus = await self.up()
        await bus.claimNick("ann", "s1")
        await bus.releaseNick("ann", "s2")
        self.assertFalse(await bus.claimNick("ann", "s2"))
        await bus.releaseNick("ann", "s1")
        self.assertTrue(await bus.claimNick("ann", "s2"))

    async def test_holder(self):
        bus = await self.up()
        self.assertIsNone(await bus.holder("ann"))
        await bus.claimNick("ann", "s1")
        await bus.claimNick("ann", "s2")
        self.assertEqual(await bus.holder("ann"), "s1")
        await bus.releaseNick("ann", "s1")
        self.assertIsNone(await bus.holder("ann"))

    async def test_topic(self):
        """The last one, of each room its own."""
        bus = await self.up()
        self.assertEqual(await bus.topic("lobby"), "")
        for room, body in (("lobby", "tea"), ("den", "bears"), ("lobby", "coffee")):
            await bus.publish(room, Entry(TOPIC, "s1", "ann", body))
        await bus.publish("lobby", message("mmh"))
        self.assertEqual([await bus.topic(room) for room in ("lobby", "den", "attic")], ["coffee", "bears", ""])
        await bus.publish("lobby", Entry(TOPIC, "s1", "ann"))
        self.assertEqual(await bus.topic("lobby"), "")

    async def test_rooms(self):
        """Those that somebody is in."""
        bus = await self.up()
        self.assertEqual(await bus.rooms(), {})
        for session, room in (("s1", "lobby"), ("s2", "lobby"), ("s3", "den")):
            await bus.join(room, session, session)
        await bus.publish("attic", message("echo"))
        self.assertEqual(await bus.rooms(), {"lobby": 2, "den": 1})
        await bus.part("den", "s3")
        await bus.depart("s1")
        self.assertEqual(await bus.rooms(), {"lobby": 1})

    async def test_members(self):
        bus = await self.up()
        self.assertEqual(await bus.members("lobby"), {})
        await bus.join("lobby", "s1", "ann")
        await bus.join("lobby", "s2", "bob")
        await bus.join("attic", "s3", "cy")
        await bus.join("lobby", "s1", "anna")
        self.assertEqual(list((await bus.members("lobby")).items()), [("s1", "anna"), ("s2", "bob")])
        await bus.part("lobby", "s1")
        await bus.part("lobby", "s3")
        self.assertEqual(await bus.members("lobby"), {"s2": "bob"})

    async def test_counting(self):
        bus = await self.up()
        self.assertEqual(await bus.online(), 0)
        self.assertEqual(await bus.arrive("s1"), 1)
        self.assertEqual(await bus.arrive("s2"), 2)
        self.assertEqual(await bus.arrive("s2"), 2)
        await bus.depart("s1")
        await bus.depart("s1")
        self.assertEqual(await bus.online(), 1)
        self.assertEqual(await bus.arrive("s3"), 2)

    async def test_departGivesEverythingBack(self):
        bus = await self.up()
        await bus.arrive("s1")
        await bus.claimNick("ann", "s1")
        await bus.join("lobby", "s1", "ann")
        await bus.depart("s1")
        self.assertEqual(await bus.members("lobby"), {})
        self.assertTrue(await bus.claimNick("ann", "s2"))
