namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>What others see of our load.</summary>
/// <param name="Sessions">Sessions we have.</param>
/// <param name="LatenessP99Milliseconds">Of the downlink schedule, over the last ten seconds.</param>
internal readonly record struct OwnLoad(int Sessions, double LatenessP99Milliseconds);
