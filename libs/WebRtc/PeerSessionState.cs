using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Rtp;
using Dapr.Voice.Sctp;
using Dapr.Voice.Srtp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.WebRtc;

/// <summary>
/// The state that another process needs to continue a live session, as plain data. It contains keys, so encrypt it after serialization. The
/// certificate belongs to the fleet and is not part of it. There are two kinds: the exact state of a hand-over, and a checkpoint, whose
/// numbers are bounds (<see cref="IsCheckpoint"/>).
/// </summary>
public sealed partial record PeerSessionState
{
    /// <summary>
    /// True if the owner went on after the export. Then each number that this end sends is a bound: the owner uses lower ones only, and its
    /// successor that one and higher ones. What arrived meanwhile is unknown.
    /// </summary>
    public bool IsCheckpoint { get; init; }

    /// <summary>The bounds that this session has to keep. Null if no checkpoint can be in the store.</summary>
    public PeerLease? Lease { get; init; }

    public required IceRole IceRole { get; init; }
    public required IceAgentState Ice { get; init; }
    public required DtlsTransportState Dtls { get; init; }
    public TransportPath? Path { get; init; }
    public PeerAudioOptions? Audio { get; init; }
    public PeerDataOptions? Data { get; init; }
    public SrtpContextState? SrtpOutbound { get; init; }
    public SrtpContextState? SrtpInbound { get; init; }
    public SrtpContextState? SrtcpOutbound { get; init; }
    public SrtpContextState? SrtcpInbound { get; init; }
    public RtpSenderState? Sender { get; init; }
    public RtpReceiverState? Receiver { get; init; }
    public JitterBufferState? Jitter { get; init; }
    public SctpAssociationState? Sctp { get; init; }
    public DataChannelSetState? Channels { get; init; }

    /// <summary>The id of the events channel, or null if it is not open.</summary>
    public ushort? EventsChannel { get; init; }

    /// <summary>
    /// Translates the bases of all paths, because they are numbers of the process that exported them. Paths without a new base are left
    /// out. If the selected path is among them, the session waits for a path that answers a check of ours.
    /// </summary>
    /// <param name="newBase">Returns the base here for a base there. Null if there is none.</param>
    public PeerSessionState WithBases(Func<int, int?> newBase)
    {
        TransportPath? Translate(TransportPath? path)
            => path is { } old && newBase(old.Base) is { } there ? old with { Base = there } : null;
        return this with
        {
            Path = Translate(Path),
            Ice = Ice with
            {
                SelectedPath = Translate(Ice.SelectedPath),
                Paths = [.. Ice.Paths.Where(path => newBase(path.Path.Base) is not null)
                    .Select(path => path with { Path = Translate(path.Path)!.Value })],
            },
        };
    }
}
