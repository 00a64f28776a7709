using System.Security.Cryptography;
using Dapr.Voice.Steering;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

public sealed class SealedCheckpointTests
{
    private const string Call = "rtc_local_aaaaaaaaaaaaa";
    private static readonly byte[] Checkpoint = [.. Enumerable.Range(0, 3000).Select(i => (byte)i)];

    [Fact]
    public void TryOpen_OfTheSameCallAndEpoch_ReturnsTheBytes()
    {
        byte[] text = Seal();
        Assert.Equal(Checkpoint, SealedCheckpoint.TryOpen(SteeringKeys.Ring(2, 1), Call, 7, text));
        Assert.Equal(-1, text.AsSpan().IndexOf(Checkpoint.AsSpan(0, 16)));
        Assert.NotEqual(text, Seal());
    }

    [Fact]
    public void TryOpen_OfAnotherCallOrEpochOrKeyOrDamaged_IsNull()
    {
        byte[] text = Seal();
        Assert.Null(SealedCheckpoint.TryOpen(SteeringKeys.Ring(1), "rtc_local_bbbbbbbbbbbbb", 7, text));
        Assert.Null(SealedCheckpoint.TryOpen(SteeringKeys.Ring(1), Call, 8, text));
        Assert.Null(SealedCheckpoint.TryOpen(SteeringKeys.Ring(4), Call, 7, text));
        for (int length = 0; length < text.Length; length += 7)
            Assert.Null(SealedCheckpoint.TryOpen(SteeringKeys.Ring(1), Call, 7, text.AsSpan(0, length)));
        for (int at = 0; at < text.Length; at += 13)
        {
            byte[] damaged = [.. text];
            damaged[at] ^= 1;
            Assert.Null(SealedCheckpoint.TryOpen(SteeringKeys.Ring(1), Call, 7, damaged));
        }
    }

    private static byte[] Seal() => SealedCheckpoint.Seal(
        SteeringKeys.Ring(1), Call, 7, Checkpoint, RandomNumberGenerator.GetBytes(AuthenticatedSeal.NonceBytes));
}
