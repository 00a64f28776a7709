using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Steering;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

public sealed class SealedSessionTests
{
    private const string Call = "rtc_local_aaaaaaaaaaaaa", Session = """{"tools":[{"type":"mcp","authorization":"Bearer secret"}]}""";

    [Fact]
    public void TryOpen_OfTheSameCall_ReturnsTheSession()
    {
        string text = Seal();
        Assert.Equal(Session, Encoding.UTF8.GetString(SealedSession.TryOpen(SteeringKeys.Ring(2, 1), Call, text)!));
        Assert.DoesNotContain("secret", Encoding.Latin1.GetString(Base64Url.DecodeFromChars(text)), StringComparison.Ordinal);
        Assert.NotEqual(text, Seal());
    }

    [Fact]
    public void TryOpen_OfAnotherCallOrKeyOrPurposeOrDamaged_IsNull()
    {
        string text = Seal();
        Assert.Null(SealedSession.TryOpen(SteeringKeys.Ring(1), "rtc_local_bbbbbbbbbbbbb", text));
        Assert.Null(SealedSession.TryOpen(SteeringKeys.Ring(4), Call, text));
        byte[] whole = Base64Url.DecodeFromChars(text);
        Assert.Null(SealedIcePassword.TryOpen(SteeringKeys.Ring(1), Call, Convert.ToBase64String(whole)));
        whole[^1] ^= 1;
        foreach (string bad in (string[])["", "!", "AAAA", text[..20], Base64Url.EncodeToString(whole)])
            Assert.Null(SealedSession.TryOpen(SteeringKeys.Ring(1), Call, bad));
    }

    /// <summary>Table Storage holds 32,000 characters, and the record has other fields.</summary>
    [Fact]
    public void Seal_OfTheLargestSession_LeavesRoomInARecord() => Assert.InRange(SealedSession.Seal(
        SteeringKeys.Ring(1), Call, new byte[16 * 1024], new byte[AuthenticatedSeal.NonceBytes]).Length, 16 * 1024, 22_000);

    private static string Seal() => SealedSession.Seal(
        SteeringKeys.Ring(1), Call, Encoding.UTF8.GetBytes(Session), RandomNumberGenerator.GetBytes(AuthenticatedSeal.NonceBytes));
}
