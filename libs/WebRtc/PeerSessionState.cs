using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Rtp;
using Dapr.Voice.Sctp;
using Dapr.Voice.Srtp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.WebRtc;

/// <summary>
/// The state that another process needs to continue a live session, as plain data. It contains keys, so encrypt it after serialization. The
/// certificate belongs to the fleet and is not part of it.
/// </summary>
public sealed record PeerSessionState
{
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
}
