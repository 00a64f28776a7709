using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

/// <summary>
/// The peer's consent to be sent packets (RFC 7675, section 5.1). A full agent renews it by answers to its checks; a lite one, which sends
/// none, by the checks it can authenticate, since a peer that checks wants the session.
/// </summary>
internal struct ConsentFreshness
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    public bool IsGranted { get; private set; }

    /// <summary><see cref="Instant.Never"/> as long as consent was not given for the first time.</summary>
    public Instant ExpiresAt { get; private set; }

    public void Grant(Instant now)
    {
        IsGranted = true;
        ExpiresAt = now + Lifetime;
    }
}
