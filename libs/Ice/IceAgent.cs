using System.Buffers.Binary;
using System.Text;
using Dapr.Voice.Stun;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

/// <summary>
/// The ICE agent of one session (RFC 8445): a lite agent for the service, a full agent for our own caller. It has no socket and no clock.
/// Feed it datagrams and time, drain <see cref="TryTransmit"/> and <see cref="TryTakeEvent"/> after each call, and call <see
/// cref="HandleTimeout"/> at <see cref="NextTimeout"/>. Only one thread may use it at a time.
/// </summary>
/// <remarks>
/// RFC 8489, section 9.1.3 answers a request without valid credentials with 400 or 401. This agent counts such a request and does not
/// answer. An answer would tell strangers that the port is alive, and it could be used for reflection. In addition, Chromium ends a call
/// within seconds after an error response, while silence does not affect its other checks.
/// </remarks>
public sealed class IceAgent
{
    /// <summary>
    /// The maximum number of paths of a session. A phone that changes networks creates one or two. When the table is full, the path that
    /// has been silent longest is removed.
    /// </summary>
    public const int MaximumPaths = 8;

    /// <summary>
    /// The maximum number of answers that wait for <see cref="TryTransmit"/>. Beyond that the oldest is dropped; the peer repeats its
    /// check.
    /// </summary>
    public const int MaximumPendingResponses = 16;

    /// <summary>
    /// The maximum length in bytes of a message that we write: two ufrags of 256 characters, and 80 bytes for everything else.
    /// </summary>
    public const int MaximumDatagramLength = 640;

    /// <summary>The agent fails if no valid check arrives within this time.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);

    /// <summary>
    /// A check on a new path moves the session to that path if the selected path has been silent for this long (NAT rebinding).
    /// </summary>
    public static readonly TimeSpan NewPathSilence = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The same time for a path that is already known. It is longer than the check interval of any browser, so that a check which only
    /// keeps a spare path alive does not move the session.
    /// </summary>
    public static readonly TimeSpan KnownPathSilence = TimeSpan.FromSeconds(6);

    /// <summary>
    /// How often a lite agent sends a Binding indication on the newest path of each base that is not selected. Chromium removes a pair that
    /// has been silent for 30 s. As long as the pair is kept alive, the call can use it when an ingress is lost.
    /// </summary>
    public static readonly TimeSpan SpareKeepAliveInterval = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long a lite agent holds its first answer if the peer has a spare (<see cref="HasSpare"/>). Chromium checks the next candidate
    /// after 48 ms, and gives up all others of lower priority as soon as one works. So a spare that it has not checked by then is none.
    /// These are three of its intervals, because a busy machine delays the timers of both.
    /// </summary>
    public static readonly TimeSpan SpareWait = TimeSpan.FromMilliseconds(150);

    /// <summary>
    /// How many bytes a lite agent sends to a path for each byte that came from it, until the path is proven: an observer can send a
    /// captured check with the address of somebody else, who would otherwise get our handshake and our audio.
    /// </summary>
    public const int UnprovenAmplification = 3;

    // Checks come 50 ms apart at first, and each may ask for a challenge. The answer to one takes a round trip.
    private static readonly TimeSpan ChallengeInterval = TimeSpan.FromMilliseconds(40);

    private readonly CandidatePairTable _pairs = new();
    private readonly Checklist? _checklist;
    private readonly Queue<PendingResponse> _responses = new(MaximumPendingResponses);
    private readonly SeenTransactions _seen = new();
    private readonly Instant _start;

    private IceCredentials _local;
    private IceCredentials? _previousLocal;
    private IceCredentials? _remote;
    private byte[] _localKey;
    private byte[] _previousLocalKey = [];
    private byte[] _remoteKey = [];
    private byte[] _outgoingUsername = [];
    private readonly RandomFill _random;
    private ulong _tieBreaker;
    private CandidatePair? _selected;
    private ConsentFreshness _consent;
    private bool _needsChallengeToMove;

    // The first check since the start or the last restart was held, on this base, until this time.
    private bool _hasHeld;
    private int _heldBase;
    private Instant _heldUntil = new(long.MinValue);
    private Instant _now;
    private bool _hasEnded;

    private bool _isConnectedPending;
    private bool _isPathChangePending;
    private IceEventKind? _pendingEnd;
    private TransportPath _lastPath;

    /// <param name="remote">A full agent needs it. A lite agent challenges the peer with it. Without it, only authenticated packets move
    /// the session to another path.</param>
    /// <param name="tieBreaker">A random number. It decides who controls if both sides believe that they do.</param>
    /// <param name="random">Creates transaction ids and new tie-breakers. Attackers off the path must not be able to guess the ids.</param>
    public IceAgent(IceRole role, IceCredentials local, IceCredentials? remote, ulong tieBreaker, RandomFill random, Instant now)
    {
        ArgumentNullException.ThrowIfNull(local);
        if (role != IceRole.Lite && remote is null)
            throw new ArgumentException("A full agent needs the peer's credentials.", nameof(remote));
        if (local.Ufrag.Length > 256 || remote?.Ufrag.Length > 256) throw new ArgumentException("A ufrag has at most 256 characters.");
        Role = role;
        _local = local;
        _localKey = Encoding.UTF8.GetBytes(local.Password);
        SetRemote(remote);
        _tieBreaker = tieBreaker;
        _random = random;
        _start = _now = now;
        _consent = new ConsentFreshness();
        if (role != IceRole.Lite) _checklist = new Checklist(_pairs);
    }

    /// <summary>The role. It changes from controlling to controlled, or back, when a role conflict is lost.</summary>
    public IceRole Role { get; private set; }

    public IceStatistics Statistics { get; } = new();

    /// <summary>
    /// The path to send on. Null before the first authenticated check and after the end. A lite agent does not wait for USE-CANDIDATE,
    /// because DTLS starts before it. After that, the latest USE-CANDIDATE selects the path.
    /// </summary>
    public TransportPath? SelectedPath => _selected?.Path;

    /// <summary>
    /// The smoothed round-trip time of the selected path. Null before the first answer to a check of ours. A lite agent sends few.
    /// </summary>
    public TimeSpan? RoundTripTime => _selected?.RoundTripTime;

    /// <summary>
    /// Lite agent: says whether the base of a path is lost, so that the peer should use another one. Null if none ever is. While a path by
    /// another base is selected, no path by such a base is, and checks that come by it are not answered.
    /// </summary>
    public Func<int, bool>? IsBaseLost { get; set; }

    /// <summary>
    /// Lite agent: says whether the peer was told of more than one base that it can reach in the way of this path. Its first check is then
    /// answered when it has checked another base, or after <see cref="SpareWait"/>, and so is the first one after a restart. Null if no
    /// peer was.
    /// </summary>
    public Func<TransportPath, bool>? HasSpare { get; set; }

    /// <summary>True if consent was lost, or if no path ever worked.</summary>
    public bool HasEnded => _hasEnded;

    /// <summary>
    /// Returns true if DTLS and media from this path may be accepted: an authenticated check or packet arrived on it.
    /// </summary>
    public bool IsValidated(TransportPath path)
        => (_selected is { } selected && selected.Path == path) || _pairs.Find(path) is { IsValidated: true };

    /// <summary>When the latest authenticated packet arrived on the selected path. Null before the first check.</summary>
    public Instant? LastHeard => _selected?.LastHeard;

    /// <summary>When <see cref="HandleTimeout"/> must be called next. It lies in the past if something is overdue.</summary>
    public Instant NextTimeout
    {
        get
        {
            if (_hasEnded) return Instant.Never;
            Instant next = _consent.IsGranted ? _consent.ExpiresAt : _start + ConnectTimeout;
            if (IsHolding) next = Instant.Min(next, _heldUntil);
            return Instant.Min(next, _checklist is null ? NextIndication() : _checklist.NextTimeout(_selected));
        }
    }

    /// <summary>
    /// Adds a pair to a full agent: one remote candidate, checked from one base. Only component 1 is used, over UDP or passive TCP (the
    /// owner has opened the connection). Other candidates are ignored.
    /// </summary>
    public void AddRemoteCandidate(Candidate candidate, int @base)
    {
        if (_checklist is null) throw new InvalidOperationException("A lite agent has no checklist.");
        if (candidate.Transport is not (CandidateTransport.Udp or CandidateTransport.TcpPassive) || candidate.Component != 1
            || _pairs.IsFull) return;
        var path = new TransportPath(@base, candidate.Address);
        if (_pairs.Find(path) is null) _pairs.Add(path, candidate.Priority, null, _now, out _);
    }

    /// <summary>
    /// Tells a full agent that the connection of a path was replaced (RFC 6544, section 7.3). The pair is checked at once, at the pace of a
    /// new pair. It is nominated again, because the peer sees it arrive from another port.
    /// </summary>
    public void CheckAgain(TransportPath path, Instant now)
    {
        if (_checklist is null) throw new InvalidOperationException("A lite agent has no checklist.");
        Advance(now);
        if (_hasEnded || _pairs.Find(path) is not { } pair) return;
        pair.State = CandidatePairState.Waiting;
        pair.IsNominated = false;
        Checklist.CheckNow(pair, _now);
    }

    /// <summary>
    /// Starts an ICE restart in a lite agent (RFC 8839, section 4.4). The credentials of before stay valid until the next restart: Chromium
    /// gathers new ports before it knows our new ones, and goes on to check the pair that it then uses with the old ones. The paths, and
    /// the traffic on them, are kept.
    /// </summary>
    public void Restart(IceCredentials local, IceCredentials? remote)
    {
        if (_checklist is not null) throw new InvalidOperationException("Only a lite agent supports an ICE restart.");
        _previousLocal = _local;
        _previousLocalKey = _localKey;
        _local = local;
        _localKey = Encoding.UTF8.GetBytes(local.Password);
        SetRemote(remote);
        _hasHeld = false;
    }

    /// <summary>
    /// Asks the peer of a lite agent for a sign of life: a check of ours on the selected path. Its answer counts as one. Nothing is sent if
    /// the peer's credentials are unknown.
    /// </summary>
    public void Challenge(Instant now)
    {
        Advance(now);
        if (!_hasEnded && _checklist is null && _selected is { } selected) MarkChallenge(selected);
    }

    /// <summary>
    /// Moves a lite agent to a spare path if the base of the selected path is lost (<see cref="IsBaseLost"/>): to the proven path by
    /// another base that was heard last. The peer plays what comes by it, and moves its own packets when it notices the loss. Without a
    /// spare path nothing changes.
    /// </summary>
    public void LeaveLostBase(Instant now)
    {
        Advance(now);
        if (_hasEnded || _checklist is not null || _selected is not { } lost || !IsLost(lost)) return;
        CandidatePair? spare = null;
        foreach (CandidatePair pair in _pairs.Span)
        {
            if (pair is { IsValidated: true, IsProven: true } && !IsLost(pair) && (spare is null || pair.LastHeard > spare.LastHeard))
                spare = pair;
        }
        if (spare is null) return;
        // The peer was heard a moment ago, although not by this path. It is not the one that has fallen silent.
        spare.LastHeard = Instant.Max(spare.LastHeard, lost.LastHeard);
        Select(spare);
    }

    /// <summary>
    /// Counts bytes that came from a path, for what may be sent to it before it is proven. STUN is counted by <see cref="Receive"/>.
    /// </summary>
    public void CountReceived(TransportPath path, int bytes)
    {
        if (_selected is { IsProven: true } selected && selected.Path == path) return;
        if (_pairs.Find(path) is { IsProven: false } pair) pair.UnprovenReceived += bytes;
    }

    /// <summary>
    /// Returns true if a packet of this length may be sent to a path now, and counts it. A path is proven by the answer to a challenge or
    /// by a fresh authenticated packet from it. Before that it gets <see cref="UnprovenAmplification"/> times what came from it.
    /// </summary>
    public bool TryCountSent(TransportPath path, int bytes)
    {
        if (_checklist is not null || (_selected is { IsProven: true } selected && selected.Path == path)) return true;
        CandidatePair? pair = _pairs.Find(path);
        if (pair is null || pair.IsProven) return true;
        if (pair.UnprovenSent + bytes > UnprovenAmplification * pair.UnprovenReceived) return false;
        pair.UnprovenSent += bytes;
        return true;
    }

    /// <summary>
    /// Processes one STUN datagram. Other datagrams, and those without valid credentials, are counted and have no effect.
    /// </summary>
    public void Receive(ReadOnlySpan<byte> datagram, TransportPath from, Instant now)
    {
        Advance(now);
        if (_hasEnded) { Statistics.CountDropped(IceDropReason.Ended); return; }
        if (!StunMessage.TryParse(datagram, out StunMessage message, out _)) { Statistics.CountDropped(IceDropReason.Malformed); return; }
        if (message.Method != StunMethod.Binding) { Statistics.CountDropped(IceDropReason.NotBinding); return; }
        if (!message.HasValidFingerprint())
        {
            Statistics.CountDropped(message.HasFingerprint ? IceDropReason.BadFingerprint : IceDropReason.NoFingerprint);
            return;
        }
        switch (message.Class)
        {
            case StunClass.Request: ReceiveRequest(message, from); break;
            // An indication is not authenticated, so it changes nothing. It only keeps NATs and the browser's pairs alive.
            case StunClass.Indication: Statistics.IndicationsReceived++; break;
            default: ReceiveResponse(message, from); break;
        }
        CountReceived(from, datagram.Length);
    }

    /// <summary>
    /// Tells the agent that a packet from <paramref name="path"/> passed SRTP authentication and was newer than the packets before it. In a
    /// lite agent the path becomes selected: after NAT rebinding such a packet arrives seconds before the next check. The packet is also a
    /// sign of life (<see cref="NoteSignOfLife"/>).
    /// </summary>
    public void NoteAuthenticatedPacket(TransportPath path, Instant now)
    {
        // Before the first check there is no peer with keys. Such a call is a mistake of the caller and must not open a path.
        if (_checklist is null && !_hasEnded && (_selected is not null || _needsChallengeToMove))
        {
            Advance(now);
            CandidatePair pair = _selected is { } selected && selected.Path == path ? selected : _pairs.Find(path) ?? AddPair(path, 0);
            pair.IsValidated = true;
            if (MustBeChallenged(pair)) WantMove(pair);
            else Select(pair);
        }
        NoteSignOfLife(path, now);
    }

    /// <summary>
    /// Tells the agent that an authenticated packet of any protocol arrived from <paramref name="path"/>, which was no repetition of an
    /// earlier one. On the selected path of a lite agent it keeps the session alive: RFC 7675 asks the side that checks, and some stacks
    /// send no checks while media flows. In a full agent only answers to its own checks do that. The packet proves its path, and completes
    /// a move that a check asked for.
    /// </summary>
    public void NoteSignOfLife(TransportPath path, Instant now)
    {
        Advance(now);
        if (_hasEnded) return;
        CandidatePair? pair = _selected is { } selected && selected.Path == path ? selected : _pairs.Find(path);
        if (pair is null) return;
        pair.LastHeard = _now;
        if (_checklist is not null) return;
        if (!MustBeChallenged(pair)) Prove(pair);
        else if (pair.IsMoveWanted || !pair.IsProven) MarkChallenge(pair);
    }

    /// <summary>Writes the next datagram to send. Call it after every input until it returns false.</summary>
    /// <param name="buffer">At least <see cref="MaximumDatagramLength"/> bytes.</param>
    public bool TryTransmit(Span<byte> buffer, out int length, out TransportPath to)
    {
        if (buffer.Length < MaximumDatagramLength) throw new ArgumentException("Smaller than MaximumDatagramLength.", nameof(buffer));
        if (IsHolding)
        {
            length = 0;
            to = default;
            return false;
        }
        // The challenge goes first: a client starts its handshake on our answer, and the path should be proven before its ClientHello.
        if (_checklist is null && TryTakeChallenge(buffer, out length, out to)) return true;
        if (_responses.TryDequeue(out PendingResponse response))
        {
            length = WriteResponse(buffer, response);
            to = response.Path;
            // An answer is shorter than its check. So it is sent in any case, and counted.
            TryCountSent(to, length);
            Statistics.ResponsesSent++;
            return true;
        }
        if (!_hasEnded && _checklist?.TryTakeDue(_selected) is { } due)
        {
            length = WriteCheck(buffer, due);
            to = due.Path;
            Statistics.ChecksSent++;
            return true;
        }
        foreach (CandidatePair pair in _pairs.Span)
        {
            if (!pair.IsIndicationDue) continue;
            pair.IsIndicationDue = false;
            length = WriteIndication(buffer);
            to = pair.Path;
            Statistics.IndicationsSent++;
            return true;
        }
        length = 0;
        to = default;
        return false;
    }

    public bool TryTakeEvent(out IceEvent occurred)
    {
        // Pending events are flags. A caller that does not drain them sees only the latest change, and no queue grows.
        if (_isConnectedPending)
        {
            _isConnectedPending = false;
            occurred = new IceEvent(IceEventKind.Connected, _selected?.Path ?? default);
            return true;
        }
        if (_isPathChangePending)
        {
            _isPathChangePending = false;
            occurred = new IceEvent(IceEventKind.SelectedPathChanged, _selected?.Path ?? default);
            return true;
        }
        if (_pendingEnd is { } end)
        {
            _pendingEnd = null;
            occurred = new IceEvent(end, _lastPath);
            return true;
        }
        occurred = default;
        return false;
    }

    public void HandleTimeout(Instant now)
    {
        Advance(now);
        if (_hasEnded) return;
        if (_consent.IsGranted ? _now >= _consent.ExpiresAt : _now >= _start + ConnectTimeout)
        {
            End(_consent.IsGranted ? IceEventKind.ConsentLost : IceEventKind.Failed);
            return;
        }
        if (_checklist is null) MarkIndications();
        else _checklist.HandleTimeout(_selected, _now);
    }

    /// <summary>
    /// Exports the state that a successor needs to continue. Drain output and events first; they are not part of the state.
    /// </summary>
    /// <param name="maximumTransactions">How many of the newest transaction ids are exported.</param>
    public IceAgentState ExportState(int maximumTransactions = SeenTransactions.Capacity)
    {
        var paths = new List<IcePathState>(_pairs.Count);
        foreach (CandidatePair pair in _pairs.Span)
            paths.Add(
                new IcePathState(pair.Path, pair.RemotePriority, pair.IsValidated, pair.State == CandidatePairState.Succeeded,
                pair.IsNominated, pair.IsProven));
        return new IceAgentState
        {
            Role = Role,
            Local = _local,
            PreviousLocal = _previousLocal,
            Remote = _remote,
            TieBreaker = _tieBreaker,
            Paths = paths,
            SelectedPath = SelectedPath,
            HasEnded = _hasEnded,
            RoundTripTime = RoundTripTime,
            SeenTransactions = _seen.Export(maximumTransactions),
            NeedsChallengeToMove = _needsChallengeToMove,
        };
    }

    /// <summary>
    /// Continues with an exported state. Events that the exporter reported are not repeated. Consent starts with its full 30 s.
    /// </summary>
    public static IceAgent Import(IceAgentState state, RandomFill random, Instant now)
    {
        var agent = new IceAgent(state.Role, state.Local, state.Remote, state.TieBreaker, random, now)
        {
            _hasEnded = state.HasEnded,
            _previousLocal = state.PreviousLocal,
            _previousLocalKey = state.PreviousLocal is null ? [] : Encoding.UTF8.GetBytes(state.PreviousLocal.Password),
            _needsChallengeToMove = state.NeedsChallengeToMove,
            _hasHeld = true,
        };
        agent._seen.Import(state.SeenTransactions);
        foreach (IcePathState path in state.Paths)
        {
            if (agent._pairs.IsFull) break;
            CandidatePair pair = agent._pairs.Add(path.Path, path.RemotePriority, null, now, out _);
            pair.IsValidated = path.IsValidated;
            pair.IsNominated = path.IsNominated;
            pair.IsProven = path.IsProven;
            if (path.HasSucceeded) pair.State = CandidatePairState.Succeeded;
            if (state.SelectedPath != path.Path) continue;
            agent._selected = pair;
            pair.RestoreRoundTrip(state.RoundTripTime);
            agent._consent.Grant(now);
        }
        return agent;
    }

    private void Advance(Instant now) => _now = Instant.Max(_now, now);

    private void ReceiveRequest(in StunMessage message, TransportPath from)
    {
        ReadOnlySpan<byte> username = message.Username;
        if (username.IsEmpty || !message.HasMessageIntegrity) { Statistics.CountDropped(IceDropReason.NoCredentials); return; }
        // A lite agent recognizes its peer by the password alone.
        bool isCurrent = IsAddressedTo(username, _local.Ufrag, _checklist is null ? null : _remote?.Ufrag);
        if (!isCurrent && (_previousLocal is null || !IsAddressedTo(username, _previousLocal.Ufrag, null)))
        {
            Statistics.CountDropped(IceDropReason.UnknownUfrag);
            return;
        }
        byte[] key = isCurrent ? _localKey : _previousLocalKey;
        if (!message.VerifyMessageIntegrity(key)) { Statistics.CountDropped(IceDropReason.BadIntegrity); return; }

        Statistics.ChecksReceived++;
        var id = TransactionId.From(message.TransactionId);
        if (TryFindUnknownRequired(message, out StunAttributeType unknown))
            { Respond(from, id, key, StunErrorCode.UnknownAttribute, unknown); return; }
        if (HasRoleConflict(message)) { Respond(from, id, key, StunErrorCode.RoleConflict); return; }
        if (IsLeft(from.Base))
            Statistics.CountDropped(IceDropReason.IngressLost);
        else Respond(from, id, key);

        // A network duplicates and delays packets, and an observer repeats them. So each check counts once in the life of the session.
        bool isRepeated = !_seen.TryAdd(id);
        if (_checklist is null)
        {
            if (isRepeated) return;
            if (isCurrent) HoldForSpare(from);
            ReceiveCheckLite(message, from);
        }
        else
        {
            ReceiveCheckFull(message, from, isRepeated);
        }
    }

    private void ReceiveCheckLite(in StunMessage message, TransportPath from)
    {
        CandidatePair? pair = _pairs.Find(from);
        bool isNew = pair is null;
        pair ??= AddPair(from, message.TryGetPriority(out uint priority) ? priority : 0);
        pair.IsValidated = true;
        pair.LastKeptAlive = _now;
        bool usesCandidate = message.HasUseCandidate;
        if (usesCandidate) pair.IsNominated = true;
        if (_selected is null)
        {
            if (MustBeChallenged(pair)) WantMove(pair);
            else Select(pair);
        }
        // Firefox sends USE-CANDIDATE only once, so a move must not depend on it. Priorities are not compared, because the peer controls.
        else if (!IsLeft(from.Base) && (usesCandidate || _selected.LastHeard + (isNew ? NewPathSilence : KnownPathSilence) <= _now))
        {
            WantMove(pair);
        }
        pair.LastHeard = _now;
        _consent.Grant(_now);
        if ((!pair.IsProven || pair.IsMoveWanted) && !IsLeft(from.Base)) MarkChallenge(pair);
    }

    private void ReceiveCheckFull(in StunMessage message, TransportPath from, bool isRepeated)
    {
        CandidatePair pair = _pairs.Find(from) ?? AddPair(from, message.TryGetPriority(out uint priority) ? priority : 0);
        pair.IsValidated = true;
        pair.LastHeard = _now;
        if (isRepeated) return;
        if (Role == IceRole.Controlled && message.HasUseCandidate)
        {
            pair.IsNominated = true;
            if (pair.State == CandidatePairState.Succeeded && pair != _selected) Select(pair);
        }
        if (pair.State != CandidatePairState.Succeeded) Checklist.CheckNow(pair, _now);
    }

    private void ReceiveResponse(in StunMessage message, TransportPath from)
    {
        // RFC 8445, section 7.2.5.2.1: an answer counts only if it comes from the address to which the check was sent.
        CandidatePair? pair = _pairs.Find(from);
        if (pair is null) { Statistics.CountDropped(IceDropReason.UnexpectedResponse); return; }
        if (!message.HasMessageIntegrity) { Statistics.CountDropped(IceDropReason.NoCredentials); return; }
        if (!message.VerifyMessageIntegrity(_remoteKey)) { Statistics.CountDropped(IceDropReason.BadIntegrity); return; }
        if (!pair.TryComplete(TransactionId.From(message.TransactionId), out CheckTransaction transaction))
        {
            Statistics.CountDropped(IceDropReason.UnexpectedResponse);
            return;
        }
        pair.LastHeard = _now;
        if (_checklist is null)
        {
            // A refusal also knows the id of our challenge, so it came from somebody who received it.
            Statistics.ResponsesReceived++;
            pair.AddRoundTrip(_now - transaction.SentAt);
            Prove(pair);
            return;
        }
        if (message.Class == StunClass.ErrorResponse) ReceiveError(message, pair, transaction);
        else ReceiveSuccess(pair, transaction);
    }

    private void ReceiveSuccess(CandidatePair pair, in CheckTransaction transaction)
    {
        Statistics.ResponsesReceived++;
        _consent.Grant(_now);
        pair.IsValidated = true;
        bool wasHunting = _checklist!.IsHunting;
        bool isNominating = Role == IceRole.Controlling && pair == _selected;
        _checklist.OnAnswered(pair, transaction, isNominating, _now);
        bool isWanted = _selected is null || wasHunting || (Role == IceRole.Controlled && pair.IsNominated && !_selected.IsNominated);
        if (!isWanted || pair == _selected) return;
        Select(pair);
        if (Role != IceRole.Controlling) return;
        pair.IsNominated = false;
        Checklist.CheckNow(pair, _now);
    }

    private void ReceiveError(in StunMessage message, CandidatePair pair, in CheckTransaction transaction)
    {
        if (message.TryGetErrorCode(out int code) && code == StunErrorCode.RoleConflict)
        {
            if (transaction.Role == Role) SwitchRole();
            Checklist.CheckNow(pair, _now);
            return;
        }
        // RFC 7675, section 5.2: the peer takes its consent back.
        if (code == StunErrorCode.Forbidden && pair == _selected)
        {
            End(IceEventKind.ConsentLost);
            return;
        }
        // The peer rejected our check and knows the right password. The pair is not checked again unless all other pairs fail.
        pair.State = CandidatePairState.Failed;
        pair.NextCheck = Instant.Never;
        pair.IsCheckDue = false;
        if (_selected is not null) return;
        foreach (CandidatePair other in _pairs.Span)
        {
            if (other.State != CandidatePairState.Failed) return;
        }
        End(IceEventKind.Failed);
    }

    /// <summary>
    /// Checks for a role conflict (RFC 8445, section 7.3.1.1). Returns true if the peer must change its role. If we must, our role has
    /// changed.
    /// </summary>
    private bool HasRoleConflict(in StunMessage message)
    {
        StunAttributeType claim = Role == IceRole.Controlling ? StunAttributeType.IceControlling : StunAttributeType.IceControlled;
        if (!message.TryGetTieBreaker(claim, out ulong theirs)) return false;
        Statistics.RoleConflicts++;
        // A lite agent can't control, whatever the tie-breakers are.
        bool isOursHigher = _tieBreaker >= theirs;
        if (Role == IceRole.Lite || isOursHigher == (Role == IceRole.Controlling)) return true;
        SwitchRole();
        return false;
    }

    private void SwitchRole()
    {
        Role = Role == IceRole.Controlling ? IceRole.Controlled : IceRole.Controlling;
        // RFC 8445, section 7.2.5.1: the agent takes a new tie-breaker. Otherwise two agents with equal ones would swap roles for ever.
        Span<byte> bytes = stackalloc byte[8];
        _random(bytes);
        _tieBreaker = BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    private CandidatePair AddPair(TransportPath path, uint remotePriority)
    {
        CandidatePair pair = _pairs.Add(path, remotePriority, _selected, _now, out bool hasEvicted);
        if (hasEvicted) Statistics.PathsEvicted++;
        return pair;
    }

    private bool IsHolding => _now < _heldUntil;

    private void HoldForSpare(TransportPath from)
    {
        if (_hasHeld)
        {
            if (from.Base != _heldBase) _heldUntil = Instant.Min(_heldUntil, _now);
            return;
        }
        _hasHeld = true;
        if (HasSpare?.Invoke(from) != true) return;
        _heldBase = from.Base;
        _heldUntil = _now + SpareWait;
    }

    private bool IsLost(CandidatePair pair) => IsBaseLost?.Invoke(pair.Path.Base) == true;

    /// <summary>True if the base is lost and that of the selected path is not, so that nothing is sent by it.</summary>
    private bool IsLeft(int @base) => _selected is { } selected && IsBaseLost?.Invoke(@base) == true && !IsLost(selected);

    private void Select(CandidatePair pair)
    {
        // What still arrives by a lost base proves its path, but nothing may be sent there.
        if (pair == _selected || IsLeft(pair.Path.Base)) return;
        if (_selected is null)
        {
            _isConnectedPending = true;
        }
        else
        {
            _isPathChangePending = true;
            Statistics.PathChanges++;
        }
        _selected = pair;
        pair.IsIndicationDue = pair.IsMoveWanted = false;
    }

    private void End(IceEventKind reason)
    {
        _hasEnded = true;
        _pendingEnd = reason;
        _lastPath = SelectedPath ?? default;
        _selected = null;
        _responses.Clear();
        foreach (CandidatePair pair in _pairs.Span) pair.IsCheckDue = pair.IsIndicationDue = pair.IsValidated = false;
    }

    private void Respond(TransportPath to, TransactionId id, byte[] key, int errorCode = 0, StunAttributeType unknown = default)
    {
        if (_responses.Count == MaximumPendingResponses)
        {
            _responses.Dequeue();
            Statistics.CountDropped(IceDropReason.OutputQueueFull);
        }
        _responses.Enqueue(new PendingResponse(to, id, key, errorCode, unknown));
    }

    private void SetRemote(IceCredentials? remote)
    {
        _remote = remote;
        _remoteKey = remote is null ? [] : Encoding.UTF8.GetBytes(remote.Password);
        _outgoingUsername = remote is null ? [] : Encoding.UTF8.GetBytes($"{remote.Ufrag}:{_local.Ufrag}");
    }

    /// <summary>After a takeover a packet may be old, whoever sent it. Without the peer's credentials there is no better proof.</summary>
    private bool MustBeChallenged(CandidatePair pair) => _needsChallengeToMove && _remote is not null && pair != _selected;

    private void WantMove(CandidatePair pair)
    {
        foreach (CandidatePair other in _pairs.Span) other.IsMoveWanted = other == pair && pair != _selected;
    }

    private void MarkChallenge(CandidatePair pair)
    {
        if (_remote is null || pair.ChallengedAt + ChallengeInterval > _now) return;
        pair.ChallengedAt = _now;
        pair.IsCheckDue = true;
    }

    // USERNAME is padded to four bytes. PRIORITY, ICE-CONTROLLED, MESSAGE-INTEGRITY and FINGERPRINT have 8, 12, 24 and 8 bytes.
    private int ChallengeLength => 20 + 4 + ((_outgoingUsername.Length + 3) & ~3) + 8 + 12 + 24 + 8;

    private bool TryTakeChallenge(Span<byte> buffer, out int length, out TransportPath to)
    {
        foreach (CandidatePair pair in _pairs.Span)
        {
            // A check for which nothing may be sent yet stays due.
            if (!pair.IsCheckDue || _remote is null || !TryCountSent(pair.Path, ChallengeLength)) continue;
            pair.IsCheckDue = false;
            length = WriteCheck(buffer, pair);
            to = pair.Path;
            Statistics.ChecksSent++;
            return true;
        }
        length = 0;
        to = default;
        return false;
    }

    /// <summary>A fresh authenticated packet came from the path of a lite agent.</summary>
    private void Prove(CandidatePair pair)
    {
        pair.IsProven = true;
        if (pair.IsMoveWanted || _selected is { IsProven: false })
        {
            pair.IsMoveWanted = false;
            Select(pair);
        }
        if (pair == _selected) _consent.Grant(_now);
    }

    private Instant NextIndication()
    {
        Instant next = Instant.Never;
        foreach (CandidatePair pair in _pairs.Span)
        {
            if (IsSpare(pair) && !pair.IsIndicationDue) next = Instant.Min(next, pair.LastKeptAlive + SpareKeepAliveInterval);
        }
        return next;
    }

    private void MarkIndications()
    {
        foreach (CandidatePair pair in _pairs.Span)
        {
            if (!IsSpare(pair) || pair.IsIndicationDue || pair.LastKeptAlive + SpareKeepAliveInterval > _now) continue;
            pair.IsIndicationDue = true;
            pair.LastKeptAlive = _now;
        }
    }

    /// <summary>
    /// Returns true for the most recently heard path of a base that is not selected. A NAT has forgotten the older paths of that base.
    /// </summary>
    private bool IsSpare(CandidatePair pair)
    {
        if (_selected is not { } selected || !pair.IsValidated || pair.Path.Base == selected.Path.Base || IsLost(pair)) return false;
        foreach (CandidatePair other in _pairs.Span)
        {
            if (other != pair && other.Path.Base == pair.Path.Base && other.LastHeard > pair.LastHeard) return false;
        }
        return true;
    }

    private static bool IsAddressedTo(ReadOnlySpan<byte> username, string localUfrag, string? remoteUfrag)
    {
        int split = localUfrag.Length;
        if (username.Length <= split || username[split] != (byte)':' || !Ascii.Equals(username[..split], localUfrag)) return false;
        return remoteUfrag is null || Ascii.Equals(username[(split + 1)..], remoteUfrag);
    }

    private static bool TryFindUnknownRequired(in StunMessage message, out StunAttributeType unknown)
    {
        foreach (StunAttribute attribute in message.Attributes)
        {
            if (!attribute.IsComprehensionRequired) continue;
            unknown = attribute.Type;
            switch (attribute.Type)
            {
                case StunAttributeType.Username:
                case StunAttributeType.MessageIntegrity:
                case StunAttributeType.MessageIntegritySha256:
                case StunAttributeType.Priority:
                case StunAttributeType.UseCandidate:
                    continue;
                default:
                    return true;
            }
        }
        unknown = default;
        return false;
    }

    private static int WriteResponse(Span<byte> buffer, in PendingResponse response)
    {
        Span<byte> id = stackalloc byte[TransactionId.Length];
        response.TransactionId.Write(id);
        var writer = new StunMessageWriter(
            buffer, response.ErrorCode == 0 ? StunClass.SuccessResponse : StunClass.ErrorResponse, StunMethod.Binding, id);
        switch (response.ErrorCode)
        {
            case 0:
                writer.AddXorMappedAddress(response.Path.Remote);
                break;
            case StunErrorCode.RoleConflict:
                writer.AddErrorCode(StunErrorCode.RoleConflict, "Role Conflict"u8);
                break;
            default:
                writer.AddErrorCode(response.ErrorCode, "Unknown Attribute"u8);
                Span<byte> type = stackalloc byte[2];
                BinaryPrimitives.WriteUInt16BigEndian(type, (ushort)response.UnknownAttribute);
                writer.Add(StunAttributeType.UnknownAttributes, type);
                break;
        }
        writer.AddMessageIntegrity(response.Key);
        writer.AddFingerprint();
        return writer.Length;
    }

    private int WriteCheck(Span<byte> buffer, CandidatePair pair)
    {
        var id = TransactionId.Create(_random);
        Span<byte> idBytes = stackalloc byte[TransactionId.Length];
        id.Write(idBytes);
        // As in browsers, every check on the selected pair nominates. One lost packet then does not leave the peer on another path.
        bool usesCandidate = Role == IceRole.Controlling && pair == _selected;
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMethod.Binding, idBytes);
        writer.Add(StunAttributeType.Username, _outgoingUsername);
        writer.AddUInt32(StunAttributeType.Priority, Candidate.ComputePriority(
            CandidateType.PeerReflexive, 65535 - Math.Clamp(pair.Path.Base, 0, 65535), 1));
        // A lite agent is controlled (RFC 8445, section 6.1.1).
        writer.AddUInt64(Role == IceRole.Controlling ? StunAttributeType.IceControlling : StunAttributeType.IceControlled, _tieBreaker);
        if (usesCandidate) writer.AddFlag(StunAttributeType.UseCandidate);
        writer.AddMessageIntegrity(_remoteKey);
        writer.AddFingerprint();
        if (_checklist is null) pair.Remember(new CheckTransaction(id, _now, IceRole.Controlled, usesCandidate));
        else _checklist.OnSent(pair, new CheckTransaction(id, _now, Role, usesCandidate));
        return writer.Length;
    }

    private int WriteIndication(Span<byte> buffer)
    {
        Span<byte> id = stackalloc byte[TransactionId.Length];
        TransactionId.Create(_random).Write(id);
        var writer = new StunMessageWriter(buffer, StunClass.Indication, StunMethod.Binding, id);
        writer.AddFingerprint();
        return writer.Length;
    }
}
