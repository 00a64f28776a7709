using Dapr.Voice.Srtp;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Srtp;

/// <summary>RFC 3711, appendix B.</summary>
public sealed class Rfc3711Tests
{
    private static readonly byte[] MasterKey = Convert.FromHexString("E1F97A0D3E018BE0D64FA32C06DE4139");
    private static readonly byte[] MasterSalt = Convert.FromHexString("0EC675AD498AFEEBB6960B3AABE6");

    [Theory]
    [InlineData(KeyDerivationLabel.RtpEncryption, "C61E7A93744F39EE10734AFE3FF7A087")]
    [InlineData(KeyDerivationLabel.RtpSalt, "30CBBC08863D8C85D49DB34A9AE1")]
    [InlineData(KeyDerivationLabel.RtpAuthentication,
        "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF7227098"
        + "6371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2")]
    public void KeyDerivation_SectionB3_GivesTheSessionKeys(KeyDerivationLabel label, string expected)
    {
        byte[] derived = new byte[expected.Length / 2];
        KeyDerivation.Derive(MasterKey, MasterSalt, label, derived);
        Assert.Equal(expected, Convert.ToHexString(derived));
    }

    [Theory]
    [InlineData(0x0000, "E03EAD0935C95E80E166B16DD92B4EB4")]
    [InlineData(0x0001, "D23513162B02D0F72A43A2FE4A5F97AB")]
    [InlineData(0x0002, "41E95B3BB0A2E8DD477901E4FCA894C0")]
    [InlineData(0xFEFF, "EC8CDF7398607CB0F2D21675EA9EA1E4")]
    [InlineData(0xFF00, "362B7C3C6773516318A077D7FC5073AE")]
    [InlineData(0xFF01, "6A2CC3787889374FBEB4C81B17BA6C44")]
    public void ApplyKeystream_SectionB2_GivesTheKeystream(int block, string expected)
    {
        using var cipher = new SessionCipher(
            SrtpProtectionProfile.Aes128CmHmacSha1_80,
            Convert.FromHexString("2B7E151628AED2A6ABF7158809CF4F3C"),
            new byte[20],
            Convert.FromHexString("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"),
            isEncrypting: true);
        byte[] keystream = new byte[16 * (block + 1)];
        cipher.ApplyKeystream(0, 0, keystream);
        Assert.Equal(expected, Convert.ToHexString(keystream.AsSpan(16 * block, 16)));
    }
}
