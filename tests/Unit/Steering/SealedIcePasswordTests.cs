using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Steering;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

public sealed class SealedIcePasswordTests
{
    private const string Call = "rtc_local_aaaaaaaaaaaaa", Password = "callercallercallercaller";

    [Fact]
    public void TryOpen_OfTheSameCall_ReturnsThePassword()
    {
        string text = Seal();
        Assert.Equal(Password, SealedIcePassword.TryOpen(SteeringKeys.Ring(2, 1), Call, text));
        Assert.DoesNotContain("caller", text);
        Assert.DoesNotContain("caller", Encoding.UTF8.GetString(Convert.FromBase64String(text)));
        Assert.NotEqual(text, Seal());
    }

    [Fact]
    public void TryOpen_OfAnotherCallOrKeyOrDamaged_IsNull()
    {
        string text = Seal();
        Assert.Null(SealedIcePassword.TryOpen(SteeringKeys.Ring(1), "rtc_local_bbbbbbbbbbbbb", text));
        Assert.Null(SealedIcePassword.TryOpen(SteeringKeys.Ring(4), Call, text));
        byte[] damaged = Convert.FromBase64String(text);
        damaged[^1] ^= 1;
        foreach (string bad in (string[])["", "!", "AAAA", text[..20], Convert.ToBase64String(damaged)])
            Assert.Null(SealedIcePassword.TryOpen(SteeringKeys.Ring(1), Call, bad));
    }

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    public void Seal_WithANonceOfAnotherLength_Throws(int bytes)
        => Assert.Throws<ArgumentOutOfRangeException>(() => SealedIcePassword.Seal(SteeringKeys.Ring(1), Call, Password, new byte[bytes]));

    private static string Seal() => SealedIcePassword.Seal(
        SteeringKeys.Ring(1), Call, Password, RandomNumberGenerator.GetBytes(AuthenticatedSeal.NonceBytes));
}
