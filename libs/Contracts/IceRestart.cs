namespace Dapr.Voice.Contracts;

/// <summary>What signaling tells a session's owner about an ICE restart of the caller (RFC 8839, section 4.4).</summary>
/// <param name="IceUfrag">The caller's new ufrag, at most 256 characters.</param>
/// <param name="SealedIcePwd">The caller's new password, encrypted as in <see cref="OfferFacts.SealedIcePwd"/>.</param>
public sealed record IceRestart(string IceUfrag, string SealedIcePwd);

/// <summary>The owner's answer.</summary>
/// <param name="LocalUfrag">Our new ufrag: the next generation of the session's routing hint. The password is derived from it.</param>
public sealed record IceRestarted(string LocalUfrag);
