using System.Buffers.Binary;
using System.Text;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Steering;

/// <summary>
/// The relay's end of one link. It sends HELLO until a WELCOME arrives, probes the link, and keeps the slots that the transceiver
/// announces. One thread owns it. A restarted transceiver answers an unknown cookie with RESET, which starts a new handshake at once. The
/// old cookie stays in use until the new one is known, so a forged RESET costs only one HELLO.
/// </summary>
public sealed class LinkConnector
{
    private const int MaximumSuspects = 16;
    private const int MaximumEvents = 64;

    /// <summary>How often a suspect is named, with one probe each: a datagram may be lost.</summary>
    private const int SuspectRepeats = 3;

    /// <summary>How often the epochs are told after a change, with one probe each.</summary>
    private const int EpochRepeats = 3;
    private const int NoEpoch = -1;

    private readonly LinkKey _key;
    private readonly RandomFill _random;
    private readonly byte[] _relayId;
    private readonly ulong _incarnation;
    private readonly long[] _epochs;
    private readonly SlotEpochs _seen;
    private readonly Queue<LinkEvent> _events = new();
    private readonly Queue<Suspected> _suspects = new();

    private LinkNonce _nonce;
    private bool _isHandshaking, _isHelloDue, _isProbeDue, _isDrainingDue, _isSuspectDue, _isRefusedAgain;
    private int _hellos;
    private Instant _lastHello, _nextHello, _nextProbe, _lastHeard, _doubtedAt = Instant.Never, _epochsToldAt;
    private uint _announcement, _newest;
    private int _covered, _epochsLeft, _nextEpoch = NoEpoch;

    /// <param name="relayId">Stable over restarts, 1 to 32 characters of <c>a-z 0-9 . - _</c>; each worker thread has its own.</param>
    /// <param name="incarnation">Random per process.</param>
    /// <param name="remote">The transceiver's link address.</param>
    /// <param name="slotCount">Slots of the region, 1 to 65,536.</param>
    /// <param name="random">Makes the nonces of handshakes, which nobody may be able to guess.</param>
    /// <param name="seen">What the transceiver is told when the link comes up, and by <see cref="TellEpochs"/>.</param>
    public LinkConnector(LinkKey key, string relayId, ulong incarnation, TransportAddress remote, int slotCount, RandomFill random,
        Instant now, SlotEpochs seen = default)
    {
        _relayId = Encoding.ASCII.GetBytes(relayId);
        if (!LinkHello.IsValidRelayId(_relayId))
            throw new ArgumentException("A relay id is 1 to 32 characters of a-z 0-9 . - _", nameof(relayId));
        ArgumentOutOfRangeException.ThrowIfLessThan(slotCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slotCount, ushort.MaxValue + 1);
        _key = key;
        _random = random;
        _seen = seen;
        _incarnation = incarnation;
        _epochs = new long[slotCount];
        Array.Fill(_epochs, -1);
        Remote = remote;
        StartHandshake(now);
    }

    public TransportAddress Remote { get; }
    public bool IsUp { get; private set; }
    public bool IsDraining { get; private set; }

    /// <summary>The link's cookie. It is 0 until the first WELCOME, and again after <see cref="Disconnect"/>.</summary>
    public ulong Cookie { get; private set; }

    /// <summary>The region number that the transceiver announces.</summary>
    public byte Region { get; private set; }
    public ushort Shard { get; private set; }

    /// <summary>Identifies the transceiver's process.</summary>
    public ulong Incarnation { get; private set; }

    /// <summary>The round-trip time of the last probe. Null before the first answer.</summary>
    public TimeSpan? RoundTripTime { get; private set; }

    public LinkDropCounters Drops { get; } = new();

    /// <summary>For each slot, the epoch under which the transceiver owns it, or -1.</summary>
    public ReadOnlySpan<long> Epochs => _epochs;

    /// <summary>What the transceiver says about itself. Valid as long as this object.</summary>
    public SlotClaims Claims => new(Incarnation, _epochs);

    public Instant NextTimeout
    {
        get
        {
            Instant next = _isHandshaking ? _nextHello : Instant.Never;
            if (IsDoubted) next = Instant.Min(next, _doubtedAt + LinkTiming.DoubtTime);
            return IsUp ? Instant.Min(next, Instant.Min(_nextProbe, _lastHeard + LinkTiming.DownAfter)) : next;
        }
    }

    /// <summary>
    /// Takes a datagram from <see cref="Remote"/>. Enumerating its frames also handles the control frames, so read to the end.
    /// </summary>
    public Frames Receive(Span<byte> datagram, Instant now) => new(this, datagram, now);

    /// <summary>Writes a client's packet as a frame for the transceiver. Returns the number of bytes.</summary>
    public int WriteData(Span<byte> destination, SessionId sessionId, in TransportAddress client, byte ingress, bool isUnverifiedSource,
        ReadOnlySpan<byte> packet)
        => LinkFrame.Write(destination, LinkFrameKind.Data, Cookie, sessionId, client, packet, ingress, isUnverifiedSource);

    /// <summary>
    /// Starts the handshake once the TCP connection that carries the link is established. A link over datagrams starts it in the
    /// constructor.
    /// </summary>
    public void Connect(Instant now) => StartHandshake(now);

    /// <summary>Marks the link as down because its TCP connection has closed. Nothing is sent until <see cref="Connect"/>.</summary>
    public void Disconnect()
    {
        _isHandshaking = _isHelloDue = _isProbeDue = false;
        Cookie = 0;
        if (IsUp) GoDown();
    }

    /// <summary>Tells the transceiver that this relay is draining.</summary>
    public void Drain()
    {
        IsDraining = true;
        _isDrainingDue = true;
    }

    /// <summary>
    /// Takes the claim of the network that nobody listens at <see cref="Remote"/>. Others can forge it. So the transceiver is probed, and
    /// the link goes down only if the port is refused again and nothing is heard for <see cref="LinkTiming.DoubtTime"/>.
    /// </summary>
    public void NoteRefused(Instant now)
    {
        if (!IsUp) return;
        if (IsDoubted)
        {
            _isRefusedAgain = true;
            return;
        }
        _doubtedAt = now;
        _isRefusedAgain = false;
        _isProbeDue = true;
    }

    /// <summary>Tells the transceiver the highest epochs that were seen, because one of them has changed.</summary>
    public void TellEpochs()
    {
        _epochsLeft = EpochRepeats;
        _nextEpoch = 0;
    }

    /// <summary>Tells the transceiver that another transceiver no longer answers.</summary>
    public void Suspect(ushort shard, ulong incarnation)
    {
        if (_suspects.Count < MaximumSuspects) _suspects.Enqueue(new Suspected(shard, incarnation, SuspectRepeats));
        else Drops.Count(LinkDrop.QueueFull);
        _isSuspectDue = true;
    }

    /// <param name="buffer">At least <see cref="LinkFrame.CoalescedBytes"/>.</param>
    public bool TryTransmit(Span<byte> buffer, out int length, Instant now)
    {
        length = 0;
        if (_isHelloDue)
        {
            _isHelloDue = false;
            Span<byte> payload = stackalloc byte[LinkHello.PaddedLength];
            int payloadLength = new LinkHello(_nonce, _incarnation, _relayId).Write(payload, _key);
            // A HELLO fills its datagram. Everything else comes with the next call.
            length = LinkFrame.WriteControl(buffer, LinkFrameKind.Hello, 0, payload[..payloadLength]);
            return true;
        }
        if (!IsUp) return false;
        // Alone in its datagram, because a transceiver of an earlier release does not know this kind and reads no further.
        if (TryWriteEpochs(buffer, out length, now)) return true;
        if (_isProbeDue)
        {
            _isProbeDue = false;
            _isSuspectDue = _suspects.Count > 0;
            if (_epochsLeft > 0 && now > _epochsToldAt) _nextEpoch = 0;
            _nextProbe = now + (IsDoubted ? LinkTiming.DoubtProbeInterval : LinkTiming.ProbeInterval);
            Span<byte> payload = stackalloc byte[LinkProbe.Length];
            new LinkProbe(now.Ticks, _announcement, IsDraining).Write(payload);
            length += LinkFrame.WriteControl(buffer[length..], LinkFrameKind.Probe, Cookie, payload);
        }
        if (_isDrainingDue)
        {
            _isDrainingDue = false;
            length += LinkFrame.WriteControl(buffer[length..], LinkFrameKind.Draining, Cookie, default);
        }
        if (_isSuspectDue) length += WriteSuspects(buffer[length..]);
        return length > 0;
    }

    public bool TryTakeEvent(out LinkEvent occurred) => _events.TryDequeue(out occurred);

    public void HandleTimeout(Instant now)
    {
        bool isGone = IsDoubted && _isRefusedAgain && now - _doubtedAt >= LinkTiming.DoubtTime;
        if (IsDoubted && now - _doubtedAt >= LinkTiming.DoubtTime) _doubtedAt = Instant.Never;
        if (IsUp && (isGone || now - _lastHeard >= LinkTiming.DownAfter))
        {
            GoDown();
            StartHandshake(now);
        }
        if (IsUp && now >= _nextProbe) _isProbeDue = true;
        if (_isHandshaking && now >= _nextHello) SayHello(now);
    }

    /// <summary>The port was refused, and nothing was heard since.</summary>
    private bool IsDoubted => _doubtedAt != Instant.Never;

    private bool TryWriteEpochs(Span<byte> destination, out int length, Instant now)
    {
        length = 0;
        Span<byte> payload = stackalloc byte[LinkSlots.MaximumLength];
        while (_nextEpoch != NoEpoch)
        {
            int written = LinkSlots.Write(payload, 1, _seen.Region, _seen.Highest.Span, _nextEpoch, out int next);
            if (next >= _seen.Highest.Length)
            {
                next = NoEpoch;
                _epochsLeft--;
                _epochsToldAt = now;
            }
            _nextEpoch = next;
            if (written == LinkSlots.HeaderLength) continue;
            length = LinkFrame.WriteControl(destination, LinkFrameKind.Epochs, Cookie, payload[..written]);
            return true;
        }
        return false;
    }

    private int WriteSuspects(Span<byte> destination)
    {
        _isSuspectDue = false;
        int length = 0;
        Span<byte> payload = stackalloc byte[10];
        for (int left = _suspects.Count; left > 0; left--)
        {
            Suspected suspect = _suspects.Dequeue();
            BinaryPrimitives.WriteUInt16BigEndian(payload, suspect.Shard);
            BinaryPrimitives.WriteUInt64BigEndian(payload[2..], suspect.Incarnation);
            length += LinkFrame.WriteControl(destination[length..], LinkFrameKind.Suspect, Cookie, payload);
            if (suspect.Left > 1) _suspects.Enqueue(suspect with { Left = suspect.Left - 1 });
        }
        return length;
    }

    private void GoDown()
    {
        IsUp = false;
        _doubtedAt = Instant.Never;
        RoundTripTime = null;
        Raise(new LinkEvent(LinkEventKind.Down, 0, Shard, Incarnation));
    }

    private void StartHandshake(Instant now)
    {
        _nonce = LinkNonce.Create(_random);
        _isHandshaking = true;
        _hellos = 0;
        SayHello(now);
    }

    private void SayHello(Instant now)
    {
        _isHelloDue = true;
        _lastHello = now;
        _hellos++;
        // The nonce belongs to the handshake, not to one HELLO, so the answer to any of the HELLOs is valid.
        double pause = LinkTiming.HelloRetry.TotalMilliseconds * Math.Pow(2, Math.Clamp(_hellos - LinkTiming.QuickHellos, 0, 10));
        _nextHello = now + TimeSpan.FromMilliseconds(Math.Min(pause, LinkTiming.MaximumHelloRetry.TotalMilliseconds));
    }

    /// <summary>
    /// Starts a new handshake because the other end does not know the cookie. At most one starts per <see cref="LinkTiming.HelloRetry"/>,
    /// since each costs both ends a signature.
    /// </summary>
    private void Reconnect(Instant now)
    {
        if (now - _lastHello < LinkTiming.HelloRetry) return;
        if (_isHandshaking) SayHello(now);
        else StartHandshake(now);
    }

    private bool Accept(LinkFrame frame, Instant now)
    {
        switch (frame.Kind)
        {
            case LinkFrameKind.Welcome:
                OnWelcome(frame.Payload, now);
                return false;
            case LinkFrameKind.Reset:
                if (Cookie == 0 || frame.Payload.Length != 8 || BinaryPrimitives.ReadUInt64BigEndian(frame.Payload) != Cookie)
                    Drops.Count(LinkDrop.UnknownCookie);
                else Reconnect(now);
                return false;
        }
        if (Cookie == 0 || frame.Cookie != Cookie)
        {
            Drops.Count(LinkDrop.UnknownCookie);
            Reconnect(now);
            return false;
        }
        _lastHeard = now;
        _doubtedAt = Instant.Never;
        switch (frame.Kind)
        {
            case LinkFrameKind.Data:
            case LinkFrameKind.Gone:
                return true;
            case LinkFrameKind.ProbeReply:
                if (LinkProbe.TryRead(frame.Payload, out LinkProbe reply)) OnProbeReply(reply, now);
                else Drops.Count(LinkDrop.Malformed);
                return false;
            case LinkFrameKind.Slots:
                if (LinkSlots.TryRead(frame.Payload, out LinkSlots slots)) OnSlots(slots);
                else Drops.Count(LinkDrop.Malformed);
                return false;
            default:
                Drops.Count(LinkDrop.UnexpectedKind);
                return false;
        }
    }

    private void OnWelcome(ReadOnlySpan<byte> payload, Instant now)
    {
        if (!LinkWelcome.TryRead(payload, _key, out LinkWelcome welcome)) { Drops.Count(LinkDrop.ForgedHandshake); return; }
        if (!_isHandshaking || welcome.RelayNonce != _nonce) { Drops.Count(LinkDrop.StaleHandshake); return; }
        _isHandshaking = _isHelloDue = false;
        if (Incarnation != welcome.Incarnation)
        {
            Array.Fill(_epochs, -1);
            Raise(new LinkEvent(LinkEventKind.SlotsChanged));
            if (Incarnation != 0) Raise(new LinkEvent(LinkEventKind.Replaced, 0, Shard, Incarnation));
        }
        _doubtedAt = Instant.Never;
        _announcement = _newest = 0;
        Region = welcome.Region;
        Shard = welcome.Shard;
        Incarnation = welcome.Incarnation;
        Cookie = _key.DeriveCookie(welcome.RelayNonce, welcome.Nonce);
        IsUp = true;
        _lastHeard = now;
        // The first frame with the new cookie activates the link at the transceiver, so send a probe now instead of in a second.
        _isProbeDue = true;
        _nextProbe = now + LinkTiming.ProbeInterval;
        TellEpochs();
        Raise(new LinkEvent(LinkEventKind.Up, 0, Shard, Incarnation));
    }

    private void OnProbeReply(LinkProbe reply, Instant now)
    {
        long elapsed = now.Ticks - reply.SentAt;
        if (elapsed < 0 || elapsed > LinkTiming.DownAfter.Ticks) { Drops.Count(LinkDrop.Malformed); return; }
        RoundTripTime = TimeSpan.FromTicks(elapsed);
    }

    private void OnSlots(LinkSlots slots)
    {
        if (slots.Region != Region || slots.Last >= _epochs.Length) { Drops.Count(LinkDrop.Malformed); return; }
        if (_newest != 0 && SerialNumber.IsNewer(_newest, slots.Announcement)) return;
        bool isChanged = false;
        for (int slot = slots.First, run = 0; slot <= slots.Last;)
        {
            int runSlot = int.MaxValue, count = 0;
            uint epoch = 0;
            if (run < slots.RunCount) slots.Run(run++, out runSlot, out count, out epoch);
            for (; slot < runSlot && slot <= slots.Last; slot++) isChanged |= Set(slot, -1);
            for (int i = 0; i < count && slot <= slots.Last; i++, slot++) isChanged |= Set(slot, epoch);
        }
        // The announcement is complete once its parts have covered every slot in order. A missing part is requested by not acknowledging.
        if (_newest != slots.Announcement || slots.First == 0) (_newest, _covered) = (slots.Announcement, 0);
        if (slots.First == _covered) _covered = slots.Last + 1;
        if (_covered == _epochs.Length) _announcement = slots.Announcement;
        _isProbeDue = true;
        if (isChanged) Raise(new LinkEvent(LinkEventKind.SlotsChanged));
    }

    private bool Set(int slot, long epoch)
    {
        if (_epochs[slot] == epoch) return false;
        _epochs[slot] = epoch;
        return true;
    }

    private void Raise(LinkEvent occurred)
    {
        // The owner takes all events after each call. The bound protects against an owner that does not.
        if (_events.Count < MaximumEvents) _events.Enqueue(occurred);
    }

    /// <summary>A transceiver that no longer answers.</summary>
    /// <param name="Left">How often it is still to be named.</param>
    private readonly record struct Suspected(ushort Shard, ulong Incarnation, int Left);

    /// <summary>The frames of a datagram that the relay acts on: DATA and GONE. All others are handled during the enumeration.</summary>
    public ref struct Frames
    {
        private readonly LinkConnector _connector;
        private readonly Instant _now;
        private Span<byte> _rest;

        internal Frames(LinkConnector connector, Span<byte> datagram, Instant now)
        {
            _connector = connector;
            _now = now;
            _rest = datagram;
        }

        public bool TryRead(out LinkFrame frame)
        {
            while (!_rest.IsEmpty)
            {
                if (!LinkFrame.TryRead(_rest, out frame, out _))
                {
                    _connector.Drops.Count(LinkDrop.Malformed);
                    _rest = default;
                    return false;
                }
                _rest = _rest[frame.Length..];
                if (_connector.Accept(frame, _now)) return true;
            }
            frame = default;
            return false;
        }
    }
}
