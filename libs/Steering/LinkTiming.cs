namespace Dapr.Voice.Steering;

/// <summary>The clockwork of a link, the same at both ends.</summary>
public static class LinkTiming
{
    /// <summary>Between two probes that are answered.</summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// An unanswered probe is repeated soon: the frame that a restarted transceiver does not know is what makes it ask for a HELLO.
    /// </summary>
    public static readonly TimeSpan ProbeRetry = TimeSpan.FromMilliseconds(200);

    /// <summary>A link with nothing heard for so long is down.</summary>
    public static readonly TimeSpan DownAfter = TimeSpan.FromSeconds(3);

    /// <summary>Between the first HELLOs.</summary>
    public static readonly TimeSpan HelloRetry = TimeSpan.FromMilliseconds(100);

    /// <summary>So many HELLOs go at <see cref="HelloRetry"/> (a restart takes about that long), then the pause doubles.</summary>
    public const int QuickHellos = 10;

    public static readonly TimeSpan MaximumHelloRetry = TimeSpan.FromSeconds(1);

    /// <summary>Until an announcement of slots is acknowledged; doubles up to <see cref="MaximumHelloRetry"/>.</summary>
    public static readonly TimeSpan SlotsRetry = TimeSpan.FromMilliseconds(100);

    /// <summary>A link number whose relay was away for so long may go to another relay: no session's consent lives that long.</summary>
    public static readonly TimeSpan ForgetAfter = TimeSpan.FromSeconds(60);

    /// <summary>A handshake that the relay did not go on with is forgotten.</summary>
    public static readonly TimeSpan PendingLifetime = TimeSpan.FromSeconds(5);
}
