using Dapr.Voice.Steering;

namespace Dapr.Voice.Relay;

/// <summary>The keys a relay needs: to read hints, to check a first packet, to prove itself to transceivers.</summary>
internal sealed record RelayKeys(HintKeyRing Hints, KeyRing Passwords, LinkKey Link);
