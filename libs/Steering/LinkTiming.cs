namespace Dapr.Voice.Steering;

/// <summary>The intervals of a link, the same at both ends.</summary>
public static class LinkTiming
{
    /// <summary>The interval between probes while they are answered.</summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The interval after an unanswered probe. It is short because a restarted transceiver asks for a HELLO when it sees a frame with an
    /// unknown cookie.
    /// </summary>
    public static readonly TimeSpan ProbeRetry = TimeSpan.FromMilliseconds(200);

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
