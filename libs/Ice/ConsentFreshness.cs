using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

/// <summary>
/// The peer's consent to receive packets (RFC 7675, section 5.1). In a full agent, answers to its checks renew the consent. A lite agent
/// does not ask for it. There, each authenticated check or packet of the peer renews it, because a peer that sends wants the session.
/// </summary>
internal struct ConsentFreshness
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    public bool IsGranted { get; private set; }

    /// <summary><see cref="Instant.Never"/> until consent was given for the first time.</summary>
    public Instant ExpiresAt { get; private set; }

    public void Grant(Instant now)
    {
        IsGranted = true;
        ExpiresAt = now + Lifetime;
    }
}
