using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Steering;

/// <summary>
/// The transceiver's end of all links of one socket. It answers relays' handshakes, hands on clients' packets and announces slots. One
/// thread owns it.
/// <para>A HELLO alone changes nothing, so a replayed HELLO cannot take over a link. The new link becomes active with the first frame that
/// carries the new cookie. Only a holder of the key can compute that cookie from the two nonces of this handshake. A relay that returns
/// gets its old link number back, found by its id, and frames for its old process then go to the new one.</para>
/// <para>A relay's worker may have several links to this transceiver (<see cref="LinkRelayId"/>). A path names the worker by its first
/// link. The session id chooses among the worker's links that are up, so that the loss of one link costs no session its path.</para>
/// </summary>
public sealed class LinkAcceptor
{
    /// <summary>The most links at a time. A relay has one per worker thread over UDP and a few over TCP.</summary>
    public const int MaximumLinks = 64;

    private const int MaximumPending = 64;
    private const int MaximumResets = 64;
    private const int ResetBytes = 8;
    private const int ResetsPerSecond = 500;
    private const int MaximumGone = 4096;
    private const int MaximumEvents = 256;

    private readonly LinkKey _key;
    private readonly RandomFill _random;
    private readonly byte _region;
    private readonly ushort _shard;
    private readonly ulong _incarnation;
    private readonly long[] _epochs, _seenEpochs;

    // The cookies are stored next to each other, so that one vectorized search per frame finds the link.
    private readonly ulong[] _cookies = new ulong[MaximumLinks];
    private readonly Link[] _links = new Link[MaximumLinks];
    private readonly Pending[] _pending = new Pending[MaximumPending];
    private readonly Queue<int> _welcomes = new();
    private readonly Queue<(TransportAddress To, LinkNonce Nonce)> _inquiries = new();
    private readonly Queue<(TransportAddress To, ulong Cookie)> _resets = new();
    private readonly Queue<(int Link, SessionId Session)> _gone = new();
    private readonly Queue<LinkEvent> _events = new();
    private readonly Queue<ushort> _newEpochs = new();
    private int _slotsTold;
    private bool _isViewTold;

    private int _linkCount;
    private uint _announcement = 1;
    private double _resetTokens = MaximumResets;
    private Instant _resetTokensAt;

    /// <param name="region">Number of our region.</param>
    /// <param name="incarnation">Random per process.</param>
    /// <param name="slotCount">Slots of the region, 1 to 65,536.</param>
    public LinkAcceptor(LinkKey key, byte region, ushort shard, ulong incarnation, int slotCount, RandomFill random, Instant now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slotCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slotCount, ushort.MaxValue + 1);
        _key = key;
        _random = random;
        _region = region;
        _shard = shard;
        _incarnation = incarnation;
        _epochs = new long[slotCount];
        _seenEpochs = new long[slotCount];
        Array.Fill(_epochs, -1);
        Array.Fill(_seenEpochs, -1);
        _resetTokensAt = now;
    }

    public LinkDropCounters Drops { get; } = new();

    /// <summary>The number of link numbers in use, whether the links are up or not. Valid numbers are 0 to this value minus one.</summary>
    public int LinkCount => _linkCount;

    public Instant NextTimeout
    {
        get
        {
            Instant next = Instant.Never;
            for (int i = 0; i < _linkCount; i++)
            {
                ref readonly Link link = ref _links[i];
                if (!link.IsUp) continue;
                next = Instant.Min(next, link.LastHeard + PatienceWith(link));
                if (link.AnnouncementSeen != _announcement) next = Instant.Min(next, link.NextSlots);
            }
            return next;
        }
    }

    /// <summary>A relay has acknowledged the slots that were announced last.</summary>
    public bool IsAcknowledged
    {
        get
        {
            for (int i = 0; i < _linkCount; i++)
            {
                if (_links[i].IsUp && _links[i].AnnouncementSeen == _announcement) return true;
            }
            return false;
        }
    }

    /// <summary>When a frame with the cookie of any link was read last. <see cref="Instant.Never"/> before the first one.</summary>
    public Instant LastHeard { get; private set; } = Instant.Never;

    public bool IsUp(int link) => (uint)link < (uint)_linkCount && _links[link].IsUp;
    public bool IsDraining(int link) => (uint)link < (uint)_linkCount && _links[link].IsDraining;

    /// <summary>The relay's configured id followed by the number of its worker.</summary>
    public string RelayId(int link) => _links[link].RelayId;

    /// <summary>
    /// True if the relay worker that a path names by this number drains or has no link that is up. Nothing should be sent by it if there is
    /// another path.
    /// </summary>
    public bool IsLost(int number)
    {
        if ((uint)number >= (uint)_linkCount) return true;
        for (ulong up = _links[number].UpMembers; up != 0; up &= up - 1)
        {
            if (!_links[BitOperations.TrailingZeroCount(up)].IsDraining) return false;
        }
        return true;
    }

    /// <summary>True if the link belongs to the relay worker that a path names.</summary>
    public bool IsOf(int link, in TransportPath path) => _links[link].Leader == LinkBase.Link(path.Base);

    /// <summary>The address that the link's frames come from.</summary>
    public TransportAddress Address(int link) => _links[link].Address;

    /// <summary>Sets all slots that this transceiver owns from now on, and announces them to the relays at once.</summary>
    /// <param name="now">The start of the timer that repeats the announcement until each relay has acknowledged it.</param>
    public void SetSlots(ReadOnlySpan<SlotOwnership> owned, Instant now)
    {
        Array.Fill(_epochs, -1);
        foreach (SlotOwnership slot in owned) _epochs[slot.Slot] = slot.Epoch;
        _announcement = _announcement == uint.MaxValue ? 1 : _announcement + 1;
        for (int i = 0; i < _linkCount; i++) AnnounceTo(ref _links[i], now);
    }

    /// <summary>Marks the link of a closed connection as down.</summary>
    public void Disconnect(TransportAddress from)
    {
        foreach (ref Pending pending in _pending.AsSpan())
        {
            if (pending.Cookie != 0 && pending.Address == from) pending = default;
        }
        for (int i = 0; i < _linkCount; i++)
        {
            if (!_links[i].IsUp || _links[i].Address != from) continue;
            SetUp(i, false);
            Raise(new LinkEvent(LinkEventKind.Down, i));
        }
    }

    /// <summary>
    /// Takes the claim of the network that nobody listens at a relay's port. Others can forge it. The relay's link goes down if nothing is
    /// heard of it for <see cref="LinkTiming.RefusedDownAfter"/>.
    /// </summary>
    public void NoteRefused(TransportAddress from, Instant now)
    {
        for (int i = 0; i < _linkCount; i++)
        {
            if (_links[i].IsUp && _links[i].Address == from) _links[i].RefusedAt = now;
        }
    }

    /// <summary>Takes a datagram. Enumerating its frames also handles the control frames, so read to the end.</summary>
    public Frames Receive(Span<byte> datagram, TransportAddress from, Instant now) => new(this, datagram, from, now);

    /// <summary>Finds where a session's frames for a path go now. Returns false if the path's relay never connected.</summary>
    /// <param name="link">Pass it to <see cref="WriteData"/>. The link may be down if the relay has no other.</param>
    public bool TryGetRelay(in TransportPath path, SessionId session, out int link, out TransportAddress relay)
    {
        link = LinkBase.Link(path.Base);
        if ((uint)link >= (uint)_linkCount)
        {
            Drops.Count(LinkDrop.NoLink);
            relay = default;
            return false;
        }
        ulong members = _links[link].Members;
        // A relay's worker with one link, as over UDP, needs no choice.
        if ((members & (members - 1)) != 0) link = Choose(link, members, session);
        relay = _links[link].Address;
        return true;
    }

    /// <summary>The number of bytes that <see cref="WriteData"/> will write.</summary>
    public static int DataFrameLength(in TransportPath path, int packetLength) => LinkFrame.HeaderLength(path.Remote) + packetLength;

    /// <summary>
    /// Writes a client's packet as a frame for the relay that <see cref="TryGetRelay"/> found. Returns the number of bytes.
    /// </summary>
    public int WriteData(Span<byte> destination, int link, SessionId sessionId, in TransportPath path, ReadOnlySpan<byte> packet)
        => LinkFrame.Write(destination, LinkFrameKind.Data, _cookies[link], sessionId, path.Remote, packet, LinkBase.Ingress(path.Base));

    /// <summary>Tells every relay to forget the session's flows. A relay that misses it forgets them after a period of silence.</summary>
    public void SendGone(SessionId sessionId)
    {
        for (int i = 0; i < _linkCount; i++)
        {
            if (!_links[i].IsUp) continue;
            if (_gone.Count < MaximumGone) _gone.Enqueue((i, sessionId));
            else Drops.Count(LinkDrop.QueueFull);
        }
    }

    /// <param name="buffer">At least <see cref="LinkFrame.CoalescedBytes"/>.</param>
    public bool TryTransmit(Span<byte> buffer, out int length, out TransportAddress to, Instant now)
    {
        length = 0;
        Span<byte> welcome = stackalloc byte[LinkWelcome.Length], probeReply = stackalloc byte[LinkProbe.Length];
        while (_welcomes.TryDequeue(out int pendingIndex))
        {
            ref readonly Pending pending = ref _pending[pendingIndex];
            if (pending.Cookie == 0) continue;
            to = pending.Address;
            new LinkWelcome(pending.RelayNonce, pending.Nonce, _incarnation, _region, _shard).Write(welcome, _key);
            length = LinkFrame.WriteControl(buffer, LinkFrameKind.Welcome, 0, welcome);
            // The slots go into the same datagram, so the relay can route as soon as it has read it. No answer is longer than its HELLO.
            int slots = WriteSlots(buffer[length..], pending.Cookie, 0, out _);
            if (length + slots <= pending.HelloBytes) length += slots;
            return true;
        }
        if (_inquiries.TryDequeue(out (TransportAddress To, LinkNonce Nonce) inquiry))
        {
            to = inquiry.To;
            new LinkWelcome(inquiry.Nonce, LinkNonce.Create(_random), _incarnation, _region, _shard).Write(welcome, _key);
            length = LinkFrame.WriteControl(buffer, LinkFrameKind.Welcome, 0, welcome);
            return true;
        }
        if (_resets.TryDequeue(out (TransportAddress To, ulong Cookie) reset))
        {
            to = reset.To;
            Span<byte> payload = stackalloc byte[ResetBytes];
            BinaryPrimitives.WriteUInt64BigEndian(payload, reset.Cookie);
            length = LinkFrame.WriteControl(buffer, LinkFrameKind.Reset, 0, payload);
            return true;
        }
        for (int i = 0; i < _linkCount; i++)
        {
            ref Link link = ref _links[i];
            if (!link.IsProbed && !link.IsAnnouncing) continue;
            to = link.Address;
            if (link.IsProbed)
            {
                link.IsProbed = false;
                new LinkProbe(link.ProbeSentAt, _announcement, false).Write(probeReply);
                length = LinkFrame.WriteControl(buffer, LinkFrameKind.ProbeReply, _cookies[i], probeReply);
            }
            if (link.IsAnnouncing)
            {
                length += WriteSlots(buffer[length..], _cookies[i], link.NextSlot, out link.NextSlot);
                link.IsAnnouncing = link.NextSlot < _epochs.Length;
            }
            return true;
        }
        if (_gone.TryDequeue(out (int Link, SessionId Session) gone))
        {
            to = _links[gone.Link].Address;
            length = LinkFrame.WriteControl(buffer, LinkFrameKind.Gone, _cookies[gone.Link], default, gone.Session);
            while (length < LinkFrame.CoalescedBytes - LinkFrame.HeaderLengthIPv4 && _gone.TryPeek(out (int Link, SessionId Session) more)
                && more.Link == gone.Link)
            {
                _gone.Dequeue();
                length += LinkFrame.WriteControl(buffer[length..], LinkFrameKind.Gone, _cookies[gone.Link], default, more.Session);
            }
            return true;
        }
        to = default;
        return false;
    }

    public bool TryTakeEvent(out LinkEvent occurred) => _events.TryDequeue(out occurred);

    /// <summary>
    /// Takes the next slot for which a relay has seen a higher epoch than any that was taken here before. Our own epochs are among them,
    /// since relays tell everybody what they saw.
    /// </summary>
    public bool TryTakeEpoch(out ushort slot, out uint epoch)
    {
        bool isNew = _newEpochs.TryDequeue(out slot);
        epoch = isNew ? (uint)_seenEpochs[slot] : 0;
        return isNew;
    }

    /// <summary>True once for each time that a relay has told the epochs of all slots. Take those epochs first.</summary>
    public bool TryTakeView()
    {
        bool isTold = _isViewTold;
        _isViewTold = false;
        return isTold;
    }

    public void HandleTimeout(Instant now)
    {
        for (int i = 0; i < _linkCount; i++)
        {
            ref Link link = ref _links[i];
            if (!link.IsUp) continue;
            if (now - link.LastHeard >= PatienceWith(link))
            {
                SetUp(i, false);
                Raise(new LinkEvent(LinkEventKind.Down, i));
            }
            else if (link.AnnouncementSeen != _announcement && now >= link.NextSlots)
            {
                TimeSpan pause = link.SlotsPause;
                AnnounceTo(ref link, now);
                link.SlotsPause = TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, LinkTiming.MaximumHelloRetry.Ticks));
                link.NextSlots = now + link.SlotsPause;
            }
        }
    }

    /// <summary>How long a link may be silent.</summary>
    private static TimeSpan PatienceWith(in Link link)
        => link.RefusedAt > link.LastHeard ? LinkTiming.RefusedDownAfter : LinkTiming.DownAfter;

    private static void AnnounceTo(ref Link link, Instant now)
    {
        link.IsAnnouncing = link.IsUp;
        link.NextSlot = 0;
        link.SlotsPause = LinkTiming.SlotsRetry;
        link.NextSlots = now + link.SlotsPause;
    }

    private int WriteSlots(Span<byte> destination, ulong cookie, int first, out int next)
    {
        Span<byte> payload = stackalloc byte[LinkSlots.MaximumLength];
        int length = LinkSlots.Write(payload, _announcement, _region, _epochs, first, out next);
        return LinkFrame.WriteControl(destination, LinkFrameKind.Slots, cookie, payload[..length]);
    }

    private bool Accept(LinkFrame frame, TransportAddress from, Instant now, out int link)
    {
        link = -1;
        if (frame.Kind == LinkFrameKind.Hello)
        {
            if (LinkHello.TryRead(frame.Payload, _key, out LinkHello hello)) OnHello(hello, frame.Length, from, now);
            else Drops.Count(LinkDrop.ForgedHandshake);
            return false;
        }
        if (frame.Cookie != 0) link = _cookies.AsSpan(0, _linkCount).IndexOf(frame.Cookie);
        if (link < 0 && !TryEstablish(frame.Cookie, from, now, out link))
        {
            Drops.Count(LinkDrop.UnknownCookie);
            if (frame.Length >= LinkFrame.HeaderLengthIPv4 + ResetBytes) AskForHello(from, frame.Cookie, now);
            return false;
        }
        ref Link found = ref _links[link];
        if (found.Address != from) { Drops.Count(LinkDrop.WrongSource); return false; }
        found.LastHeard = LastHeard = now;
        if (!found.IsUp)
        {
            SetUp(link, true);
            Raise(new LinkEvent(LinkEventKind.Up, link));
        }
        switch (frame.Kind)
        {
            case LinkFrameKind.Data:
                return true;
            case LinkFrameKind.Probe:
                if (LinkProbe.TryRead(frame.Payload, out LinkProbe probe)) OnProbe(link, probe);
                else Drops.Count(LinkDrop.Malformed);
                return false;
            case LinkFrameKind.Draining:
                SetDraining(link, true);
                return false;
            case LinkFrameKind.Epochs:
                if (LinkSlots.TryRead(frame.Payload, out LinkSlots seen) && seen.Region == _region && seen.Last < _seenEpochs.Length)
                    OnEpochs(seen);
                else Drops.Count(LinkDrop.Malformed);
                return false;
            case LinkFrameKind.Suspect when frame.Payload.Length == 10:
                Raise(new LinkEvent(LinkEventKind.Suspected, link, BinaryPrimitives.ReadUInt16BigEndian(frame.Payload),
                    BinaryPrimitives.ReadUInt64BigEndian(frame.Payload[2..])));
                return false;
            default:
                Drops.Count(LinkDrop.UnexpectedKind);
                return false;
        }
    }

    private void OnHello(LinkHello hello, int bytes, TransportAddress from, Instant now)
    {
        if (bytes < LinkFrame.HeaderLengthIPv4 + LinkWelcome.Length) { Drops.Count(LinkDrop.Malformed); return; }
        if (hello.RelayId.SequenceEqual(LinkInquiry.Id))
        {
            // It is answered from its own bytes. So no number of inquiries takes the place of a relay's handshake.
            if (_inquiries.Count < MaximumPending) _inquiries.Enqueue((from, hello.Nonce));
            else Drops.Count(LinkDrop.QueueFull);
            return;
        }
        int free = 0;
        for (int i = 0; i < MaximumPending; i++)
        {
            ref readonly Pending pending = ref _pending[i];
            if (pending.Cookie != 0 && pending.Address == from && pending.RelayNonce == hello.Nonce)
            {
                // The same HELLO came again because our answer was lost. The answer keeps its nonce, so either copy is valid.
                Welcome(i);
                return;
            }
            if (pending.Since < _pending[free].Since) free = i;
        }
        string id = Encoding.ASCII.GetString(hello.RelayId);
        if (FindNumber(id, now) < 0) { Drops.Count(LinkDrop.TooManyLinks); return; }
        var nonce = LinkNonce.Create(_random);
        _pending[free] = new Pending
        {
            RelayId = id,
            Incarnation = hello.Incarnation,
            Address = from,
            RelayNonce = hello.Nonce,
            Nonce = nonce,
            Cookie = _key.DeriveCookie(hello.Nonce, nonce),
            Since = now,
            HelloBytes = bytes,
        };
        Welcome(free);
    }

    private void Welcome(int pending)
    {
        if (_welcomes.Count < MaximumPending && !_welcomes.Contains(pending)) _welcomes.Enqueue(pending);
    }

    /// <summary>Completes an open handshake if the frame carries its cookie.</summary>
    private bool TryEstablish(ulong cookie, TransportAddress from, Instant now, out int number)
    {
        number = -1;
        if (cookie == 0) return false;
        for (int i = 0; i < MaximumPending; i++)
        {
            ref Pending pending = ref _pending[i];
            if (pending.Cookie != cookie || pending.Address != from || now - pending.Since > LinkTiming.PendingLifetime) continue;
            number = FindNumber(pending.RelayId, now);
            if (number < 0) { Drops.Count(LinkDrop.TooManyLinks); return false; }
            bool isNew = number == _linkCount || !string.Equals(_links[number].RelayId, pending.RelayId, StringComparison.Ordinal);
            bool isReplaced = !isNew && (_links[number].Incarnation != pending.Incarnation || _links[number].Address != from);
            bool wasUp = !isNew && _links[number].IsUp;
            int leader = isNew ? Join(number, pending.RelayId) : _links[number].Leader;
            ulong members = _links[number].Members, upMembers = _links[number].UpMembers;
            _cookies[number] = cookie;
            _links[number] = new Link
            {
                RelayId = pending.RelayId,
                Leader = leader,
                Members = members,
                UpMembers = upMembers,
                Incarnation = pending.Incarnation,
                Address = from,
                LastHeard = now,
                // The relay acknowledges the slots that came with the WELCOME. Until then they are repeated by the timer.
                SlotsPause = LinkTiming.SlotsRetry,
                NextSlots = now + LinkTiming.SlotsRetry,
            };
            SetUp(number, true);
            pending = default;
            if (isReplaced) Raise(new LinkEvent(LinkEventKind.Replaced, number));
            else if (!wasUp) Raise(new LinkEvent(LinkEventKind.Up, number));
            return true;
        }
        return false;
    }

    /// <summary>The number that a relay has or can get, or -1.</summary>
    private int FindNumber(string relayId, Instant now)
    {
        int stale = -1;
        for (int i = 0; i < _linkCount; i++)
        {
            ref readonly Link link = ref _links[i];
            if (string.Equals(link.RelayId, relayId, StringComparison.Ordinal)) return i;
            // Paths name the first of several links, so the first one is released last.
            bool isNeeded = link.IsUp || (link.Leader == i && (link.Members & ~(1ul << i)) != 0);
            if (!isNeeded && now - link.LastHeard >= LinkTiming.ForgetAfter && (stale < 0 || link.LastHeard < _links[stale].LastHeard))
                stale = i;
        }
        return _linkCount < MaximumLinks ? _linkCount : stale;
    }

    /// <summary>
    /// Assigns a number to a relay's id: a further link of the same worker, or the first one. Returns the worker's first link.
    /// </summary>
    private int Join(int number, string relayId)
    {
        if (number == _linkCount) _linkCount++;
        else _links[_links[number].Leader].Members &= ~(1ul << number);
        _links[number] = default;
        int leader = number;
        ReadOnlySpan<char> family = LinkRelayId.FamilyOf(relayId);
        for (int i = 0; i < _linkCount && leader == number; i++)
        {
            if (i != number && LinkRelayId.FamilyOf(_links[i].RelayId).SequenceEqual(family)) leader = _links[i].Leader;
        }
        _links[leader].Members |= 1ul << number;
        return leader;
    }

    private void SetUp(int number, bool isUp)
    {
        ref Link link = ref _links[number];
        link.IsUp = isUp;
        ref ulong upMembers = ref _links[link.Leader].UpMembers;
        upMembers = isUp ? upMembers | (1ul << number) : upMembers & ~(1ul << number);
    }

    /// <summary>
    /// Chooses the session's link among those of a relay's worker. While that link is down, spreads sessions over the others.
    /// </summary>
    private int Choose(int leader, ulong members, SessionId session)
    {
        int chosen = Pick(members, session);
        ulong upMembers = _links[leader].UpMembers;
        return upMembers == 0 || (upMembers & (1ul << chosen)) != 0 ? chosen : Pick(upMembers, session);
    }

    private static int Pick(ulong set, SessionId session)
    {
        for (ulong skip = session.Value % (ulong)BitOperations.PopCount(set); skip > 0; skip--) set &= set - 1;
        return BitOperations.TrailingZeroCount(set);
    }

    private void OnProbe(int number, LinkProbe probe)
    {
        ref Link link = ref _links[number];
        link.IsProbed = true;
        link.ProbeSentAt = probe.SentAt;
        link.AnnouncementSeen = probe.Announcement;
        SetDraining(number, probe.IsDraining);
    }

    private void OnEpochs(LinkSlots seen)
    {
        if (seen.First == 0) _slotsTold = 0;
        // Parts of two relays may alternate. Then the next telling counts.
        if (seen.First == _slotsTold) _slotsTold = seen.Last + 1;
        _isViewTold |= _slotsTold == _seenEpochs.Length;
        for (int run = 0; run < seen.RunCount; run++)
        {
            seen.Run(run, out int first, out int count, out uint epoch);
            for (int slot = first; slot < first + count; slot++)
            {
                if (_seenEpochs[slot] >= epoch) continue;
                _seenEpochs[slot] = epoch;
                // The owner takes all of them in each turn. The bound protects against an owner that does not.
                if (_newEpochs.Count < _seenEpochs.Length) _newEpochs.Enqueue((ushort)slot);
            }
        }
    }

    private void SetDraining(int number, bool isDraining)
    {
        ref Link link = ref _links[number];
        if (isDraining && !link.IsDraining) Raise(new LinkEvent(LinkEventKind.Draining, number));
        link.IsDraining = isDraining;
    }

    /// <summary>
    /// Asks for a HELLO. RESET is no longer than the frame that causes it and is limited in rate, so nobody can use it to amplify traffic
    /// to a third party.
    /// </summary>
    private void AskForHello(TransportAddress to, ulong cookie, Instant now)
    {
        _resetTokens = Math.Min(MaximumResets, _resetTokens + ((now - _resetTokensAt).TotalSeconds * ResetsPerSecond));
        _resetTokensAt = now;
        if (cookie == 0 || _resetTokens < 1 || _resets.Count >= MaximumResets || _resets.Contains((to, cookie))) return;
        _resetTokens--;
        _resets.Enqueue((to, cookie));
    }

    private void Raise(LinkEvent occurred)
    {
        // The owner takes all events after each call. The bound protects against an owner that does not.
        if (_events.Count < MaximumEvents) _events.Enqueue(occurred);
    }

    /// <summary>The clients' packets in a datagram. Control frames are handled during the enumeration.</summary>
    public ref struct Frames
    {
        private readonly LinkAcceptor _acceptor;
        private readonly TransportAddress _from;
        private readonly Instant _now;
        private Span<byte> _rest;

        internal Frames(LinkAcceptor acceptor, Span<byte> datagram, TransportAddress from, Instant now)
        {
            _acceptor = acceptor;
            _from = from;
            _now = now;
            _rest = datagram;
        }

        public bool TryRead(out LinkData data)
        {
            while (!_rest.IsEmpty)
            {
                if (!LinkFrame.TryRead(_rest, out LinkFrame frame, out _))
                {
                    _acceptor.Drops.Count(LinkDrop.Malformed);
                    break;
                }
                _rest = _rest[frame.Length..];
                if (!_acceptor.Accept(frame, _from, _now, out int link)) continue;
                data = new LinkData(frame.SessionId, new TransportPath(
                    LinkBase.Compose(_acceptor._links[link].Leader, frame.Ingress), frame.Client), frame.IsUnverifiedSource, frame.Payload);
                return true;
            }
            _rest = default;
            data = default;
            return false;
        }
    }

    private struct Link
    {
        public string RelayId;
        public ulong Incarnation;
        public TransportAddress Address;
        public Instant LastHeard;

        /// <summary>When the network last said that nobody listens at the relay's port.</summary>
        public Instant RefusedAt;
        public bool IsUp, IsDraining, IsProbed, IsAnnouncing;

        /// <summary>The first link of the same relay worker, which paths name.</summary>
        public int Leader;

        /// <summary>Used in a worker's first link: the numbers of all its links as bits, and of those that are up.</summary>
        public ulong Members, UpMembers;

        public long ProbeSentAt;
        public uint AnnouncementSeen;
        public int NextSlot;
        public TimeSpan SlotsPause;
        public Instant NextSlots;
    }

    private struct Pending
    {
        public string RelayId;
        public ulong Incarnation;
        public TransportAddress Address;
        public LinkNonce RelayNonce, Nonce;
        public ulong Cookie;
        public Instant Since;
        public int HelloBytes;
    }
}
