namespace Dapr.Voice.Infra.Capacity;

/// <summary>
/// What one session costs. Everything that was measured says where (docs/capacity.md repeats it with the command); everything that was not
/// is a setting with a name that says so.
/// </summary>
public sealed record UnitCosts
{
    /// <summary>
    /// Share of a core that a transceiver spends on a session with the built-in echo: both directions of Opus, SRTP, schedule. <c>./voice
    /// load --calls 60 --seconds 20 --agent echo</c>.
    /// </summary>
    public double TransceiverCoreEcho { get; init; } = 0.0137;

    /// <summary>
    /// The same with a backend behind a WebSocket (resampling, base64, JSON, turn detection): 1.28 % while the agent listens, <c>./voice
    /// load --calls 40 --seconds 25 --agent local</c>, and 50 frames of 121 us while it speaks (an Opus encoder of complexity 5, which the
    /// listening one saves).
    /// </summary>
    public double TransceiverCoreBackend { get; init; } = 0.0128 + 50 * 121e-6;

    /// <summary>
    /// Share of a core that a relay spends on a session over UDP, both directions, at so few packets a second that it sleeps between them;
    /// falls with load.
    /// </summary>
    public double RelayCoreUdp { get; init; } = 0.0020;

    /// <summary>
    /// The same with clients and links on TCP: <c>./voice up --edge tcp</c>, <c>./voice load --calls 60 --seconds 20 --agent echo</c>; 0.21
    /// to 0.22 % over two runs.
    /// </summary>
    public double RelayCoreTcp { get; init; } = 0.0022;

    /// <summary>NOT MEASURED: what one packet costs an ingress proxy of Container Apps, one way, in seconds of a core.</summary>
    public double AssumedProxySecondsPerPacket { get; init; } = 15e-6;

    /// <summary>Packets a second and session in one direction: 50 frames, RTCP, STUN.</summary>
    public double PacketsPerSecond { get; init; } = 52;

    /// <summary>Opus payload of a frame in bytes: 32 kbit/s, frames of 20 ms.</summary>
    public double PayloadBytes { get; init; } = 80;

    /// <summary>RTP header 12, GCM tag 16.</summary>
    public double RtpOverheadBytes { get; init; } = 28;

    /// <summary>IPv4 and UDP.</summary>
    public double UdpOverheadBytes { get; init; } = 28;

    /// <summary>IPv4, TCP with timestamps, and the frame's length; acknowledgements ride along, since audio flows both ways.</summary>
    public double TcpOverheadBytes { get; init; } = 54;

    /// <summary>Share of the time in which the agent speaks. 1 is the worst case: silence is a packet in 400 ms.</summary>
    public double AgentSpeaks { get; init; } = 1;

    /// <summary>
    /// Signaling's CPU for one offer, in seconds: an upper bound, the one-second refresh of a small fleet included in the measurement.
    /// </summary>
    public double SignalingSecondsPerCall { get; init; } = 0.01;

    /// <summary>
    /// Table operations of one call: create 1; connected and ended, each a read and an update, which Dapr's component makes of a failed
    /// insert and an update: 3 each; expiry, a read and a delete: 2. In code: signaling's SessionFactory, the transceiver's
    /// SessionReporter.
    /// </summary>
    public double TableOperationsPerCall { get; init; } = 9;

    /// <summary>Service Bus operations of one call: three events published, each received and completed by one subscriber.</summary>
    public double BrokerOperationsPerCall { get; init; } = 9;

    /// <summary>Bytes that a call's records and events would take between regions where there is a buddy: three records of 2 kB.</summary>
    public double BuddyBytesPerCall { get; init; } = 6_000;
}
