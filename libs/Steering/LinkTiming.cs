namespace Dapr.Voice.Steering;

/// <summary>The intervals of a link, the same at both ends.</summary>
public static class LinkTiming
{
    /// <summary>
    /// The interval between probes. A probe to the port of a process that has died is refused at once, so an idle link notices the death
    /// within this time. A busy one notices it with its next packet.
    /// </summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>The interval between probes after the peer's port was refused.</summary>
    public static readonly TimeSpan DoubtProbeInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// A relay's link is down if the port was refused, was refused again, and nothing was heard for this long. One forged refusal, or many
    /// of them while the transceiver answers, change nothing.
    /// </summary>
    public static readonly TimeSpan DoubtTime = TimeSpan.FromMilliseconds(30);

    /// <summary>
    /// A transceiver's link is down if the relay's port was refused and nothing was heard for this long. A relay that lives probes more
    /// often.
    /// </summary>
    public static readonly TimeSpan RefusedDownAfter = TimeSpan.FromMilliseconds(150);

    /// <summary>A link on which nothing was received for this long is down.</summary>
    public static readonly TimeSpan DownAfter = TimeSpan.FromSeconds(3);

    /// <summary>The interval between the first HELLOs.</summary>
    public static readonly TimeSpan HelloRetry = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// The number of HELLOs sent every <see cref="HelloRetry"/>, enough for a restart. After that the interval doubles each time.
    /// </summary>
    public const int QuickHellos = 10;

    public static readonly TimeSpan MaximumHelloRetry = TimeSpan.FromSeconds(1);

    /// <summary>The interval between announcements that are not acknowledged. It doubles up to <see cref="MaximumHelloRetry"/>.</summary>
    public static readonly TimeSpan SlotsRetry = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// A link number may go to another relay after its relay was away this long. No session lives that long without consent.
    /// </summary>
    public static readonly TimeSpan ForgetAfter = TimeSpan.FromSeconds(60);

    /// <summary>A handshake that the relay does not continue is forgotten after this long.</summary>
    public static readonly TimeSpan PendingLifetime = TimeSpan.FromSeconds(5);
}
