namespace Dapr.Voice.Infra.Capacity;

/// <summary>
/// What one session costs. Each measured value names its command (docs/capacity.md repeats it). Each value that was not measured is a
/// setting whose name says so.
/// </summary>
public sealed record UnitCosts
{
    /// <summary>
    /// The share of a core that a transceiver uses for a session with the built-in echo: Opus in both directions, SRTP, the schedule.
    /// <c>./voice load --calls 60 --seconds 20 --agent echo</c>.
    /// </summary>
    public double TransceiverCoreEcho { get; init; } = 0.0137;

    /// <summary>
    /// The same with a backend behind a WebSocket (resampling, base64, JSON, turn detection): 1.28 % while the agent listens, <c>./voice
    /// load --calls 40 --seconds 25 --agent local</c>, and 50 frames of 121 us while it speaks (an Opus encoder of complexity 5, which a
    /// listening agent does not need).
    /// </summary>
    public double TransceiverCoreBackend { get; init; } = 0.0128 + 50 * 121e-6;

    /// <summary>
    /// The share of a core that a relay uses for a session over UDP, in both directions, at so few packets per second that it sleeps
    /// between them. The share falls with load.
    /// </summary>
    public double RelayCoreUdp { get; init; } = 0.0020;

    /// <summary>
    /// The same with clients and links over TCP: <c>./voice up --edge tcp</c>, <c>./voice load --calls 60 --seconds 20 --agent echo</c>.
    /// 0.21 to 0.22 % in two runs.
    /// </summary>
    public double RelayCoreTcp { get; init; } = 0.0022;

    /// <summary>NOT MEASURED: what one packet costs an ingress proxy of Container Apps, in one direction, in seconds of a core.</summary>
    public double AssumedProxySecondsPerPacket { get; init; } = 15e-6;

    /// <summary>Packets per second and session in one direction: 50 frames, RTCP, STUN.</summary>
    public double PacketsPerSecond { get; init; } = 52;

    /// <summary>The Opus payload of a frame in bytes: 32 kbit/s, frames of 20 ms.</summary>
    public double PayloadBytes { get; init; } = 80;

    /// <summary>RTP header 12, GCM tag 16.</summary>
    public double RtpOverheadBytes { get; init; } = 28;

    /// <summary>IPv4 and UDP.</summary>
    public double UdpOverheadBytes { get; init; } = 28;

    /// <summary>
    /// IPv4, TCP with timestamps, and the frame's length. Acknowledgements cost nothing extra, because audio flows in both directions.
    /// </summary>
    public double TcpOverheadBytes { get; init; } = 54;

    /// <summary>The share of the time in which the agent speaks. 1 is the worst case. Silence is one packet in 400 ms.</summary>
    public double AgentSpeaks { get; init; } = 1;

    /// <summary>
    /// Signaling's CPU time for one offer, in seconds. It is an upper bound, because the measurement includes the one-second refresh of a
    /// small fleet.
    /// </summary>
    public double SignalingSecondsPerCall { get; init; } = 0.01;

    /// <summary>
    /// The table operations of one call. Create: 1. Connected and ended: 3 each, a read and an update, of which Dapr's component makes a
    /// failed insert and an update. Expiry: 2, a read and a delete. The code is in signaling's SessionFactory and in the transceiver's
    /// SessionReporter.
    /// </summary>
    public double TableOperationsPerCall { get; init; } = 9;

    /// <summary>
    /// The Service Bus operations of one call: three events are published, and one subscriber receives and completes each.
    /// </summary>
    public double BrokerOperationsPerCall { get; init; } = 9;

    /// <summary>The bytes that a call's records and events would need between regions if there is a buddy: three records of 2 kB.</summary>
    public double BuddyBytesPerCall { get; init; } = 6_000;
}
