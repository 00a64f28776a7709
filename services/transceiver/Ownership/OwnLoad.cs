namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>The load that our record shows to others.</summary>
/// <param name="Sessions">The number of sessions here.</param>
/// <param name="LatenessP99Milliseconds">The p99 lateness of downlink frames over the last ten seconds.</param>
internal readonly record struct OwnLoad(int Sessions, double LatenessP99Milliseconds);
