using Dapr.Voice.Srtp;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Srtp;

/// <summary>RFC 7714, sections 16.1 (SRTP) and 17.1 to 17.2 (SRTCP) for AEAD_AES_128_GCM. They start from session keys.</summary>
public sealed class Rfc7714Tests
{
    private const string RtpHeader = "8040F17B8041F8D35501A0B2";
    private const string RtpPayload = "47616C6C696120657374206F6D6E69732064697669736120696E207061727465732074726573";
    private const string RtpProtected = RtpHeader
        + "F24DE3A3FB34DE6CACBA861C9D7E4BCABE633BD50D294E6F42A5F47A51C7D19B36DE3ADF8833" + "899D7F27BEB16A9152CF765EE4390CCE";
    private const string RtcpPlain =
        "81C8000D4D6172734E5450314E545032525450200000042A0000E9304C756E61DEADBEEFDEADBEEFDEADBEEFDEADBEEFDEADBEEF";
    private const string RtcpProtected = "81C8000D4D617273"
        + "63E94885DCDAB67CA727D7662F6B7E997FF5C0F76C06F32DC676A5F1730D6FDA4CE09B4686303DED0BB9275B" + "C84AA45896CF4D2FC5ABF87245D9EADE"
        + "800005D4";
    private const string RtcpAuthenticated = RtcpPlain + "841DD9683DD78EC92AE58790125F62B3" + "000005D4";

    private static readonly SrtpKeyingMaterial Unused = new(SrtpProtectionProfile.AeadAes128Gcm, new byte[16], new byte[12]);

    [Fact]
    public void Protect_Section16_GivesTheEncryptedPacket()
    {
        using var context = new SrtpContext(Unused, Cipher(true), Cipher(false));
        byte[] buffer = [.. Convert.FromHexString(RtpHeader + RtpPayload), .. new byte[16]];
        int length = context.Protect(buffer, buffer.Length - 16);
        Assert.Equal(RtpProtected, Convert.ToHexString(buffer.AsSpan(0, length)));
    }

    [Fact]
    public void TryUnprotect_Section16_GivesThePlainPacket()
    {
        using var context = new SrtpContext(Unused, Cipher(true), Cipher(false));
        byte[] buffer = Convert.FromHexString(RtpProtected);
        Assert.True(context.TryUnprotect(buffer, buffer.Length, out int length, out _));
        Assert.Equal(RtpHeader + RtpPayload, Convert.ToHexString(buffer.AsSpan(0, length)));
    }

    [Theory]
    [InlineData(RtcpProtected)]
    [InlineData(RtcpAuthenticated)]
    public void TryUnprotect_Section17EncryptedOrNot_GivesThePlainPacket(string vector)
    {
        using var context = new SrtcpContext(Unused, Cipher(true), Cipher(false));
        byte[] buffer = Convert.FromHexString(vector);
        Assert.True(context.TryUnprotect(buffer, buffer.Length, out int length, out _));
        Assert.Equal(RtcpPlain, Convert.ToHexString(buffer.AsSpan(0, length)));
    }

    [Fact]
    public void Seal_Section17_GivesTheEncryptedPacket()
    {
        using SessionCipher cipher = Cipher(true);
        byte[] packet = Convert.FromHexString(RtcpPlain);
        byte[] iv = new byte[12], tag = new byte[16];
        cipher.WriteGcmIv(0x4D617273, 0x5D4, iv);
        Assert.Equal("517524055203726F207170BB", Convert.ToHexString(iv));
        cipher.Aead!.Seal(iv, packet.AsSpan(0, 8), [0x80, 0, 5, 0xD4], packet.AsSpan(8), tag);
        Assert.Equal(RtcpProtected, Convert.ToHexString(packet) + Convert.ToHexString(tag) + "800005D4");
    }

    private static SessionCipher Cipher(bool isEncrypting) => new(
        SrtpProtectionProfile.AeadAes128Gcm,
        Convert.FromHexString("000102030405060708090A0B0C0D0E0F"),
        default,
        Convert.FromHexString("517569642070726F2071756F"),
        isEncrypting);
}
