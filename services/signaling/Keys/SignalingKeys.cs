using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling.Keys;

internal sealed record SignalingKeys(FleetKeys Fleet, EphemeralKeys Ephemeral);
