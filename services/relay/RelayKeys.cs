using Dapr.Voice.Steering;

namespace Dapr.Voice.Relay;

/// <summary>
/// The keys of a relay: it reads hints, verifies a client's first packet, and proves its identity to transceivers with them.
/// </summary>
internal sealed record RelayKeys(HintKeyRing Hints, KeyRing Passwords, LinkKey Link);
