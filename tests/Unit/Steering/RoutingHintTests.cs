using Dapr.Voice.Steering;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

public sealed class RoutingHintTests
{
    private static readonly HintKeyRing Keys = SteeringKeys.HintRing(1);
    private static readonly RoutingHint Hint = new(1, 7, 0x1234, new SessionId(0x0123456789ABCDEF), 2, 700_000);

    [Fact]
    public void Encode_KnownHint_IsTheSameForever()
    {
        // Computed with Python: base64.b32encode(header + hmac.new(b'\x01' * 32, header, 'sha256').digest()[:8]).lower().rstrip('=').
        string ufrag = Hint.Encode(Keys);
        Assert.Equal(KnownUfrag, ufrag);
        Assert.Equal(RoutingHint.TextLength, ufrag.Length);
    }

    private const string KnownUfrag = "cedrenabencwpcnlzxxqecvomc5ehekty2hlh3i";

    [Fact]
    public void TryDecode_AnyHint_RoundTrips()
        => Prop.ForAll<byte, ushort, ulong>((region, slot, session) =>
        {
            var hint = new RoutingHint(1, region, slot, new SessionId(session), (byte)session, (uint)session & 0xFFFFFF);
            string ufrag = hint.Encode(Keys);
            Assert.Matches("^[a-z2-7]{39}$", ufrag);
            Assert.True(RoutingHint.TryDecode(SteeringKeys.Ascii(ufrag + ":peer"), Keys, out RoutingHint decoded, out HintError error));
            Assert.Equal(HintError.None, error);
            Assert.Equal(hint, decoded);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void TryDecode_AnyBytes_NeverThrows()
        => Prop.ForAll<byte[]>(bytes =>
        {
            Assert.False(RoutingHint.TryDecode(bytes, Keys, out _, out HintError error));
            Assert.NotEqual(HintError.None, error);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void TryDecode_OneCharacterChanged_IsRefused()
    {
        string ufrag = Hint.Encode(Keys);
        for (int i = 0; i < ufrag.Length; i++)
        {
            char[] changed = ufrag.ToCharArray();
            changed[i] = changed[i] == 'a' ? 'b' : 'a';
            Assert.False(RoutingHint.TryDecode(SteeringKeys.Ascii(new string(changed)), Keys, out _, out _));
        }
    }

    [Theory]
    [InlineData("", HintError.Missing)]
    [InlineData("short:peer", HintError.WrongLength)]
    [InlineData(":aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", HintError.WrongLength)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", HintError.NotBase32)]
    [InlineData("ceaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab:p", HintError.NotBase32)]
    [InlineData("77aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", HintError.UnknownVersion)]
    [InlineData("d4aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", HintError.UnknownKey)]
    [InlineData("ceaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", HintError.Forged)]
    public void TryDecode_NotOurs_SaysWhy(string username, HintError expected)
    {
        Assert.False(RoutingHint.TryDecode(SteeringKeys.Ascii(username), Keys, out _, out HintError error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void TryDecode_DuringRotation_BothKeysAreValid()
    {
        string old = Hint.Encode(Keys);
        HintKeyRing rotating = SteeringKeys.HintRing(2, 1);
        Assert.Equal(2, rotating.CurrentId);
        Assert.True(RoutingHint.TryDecode(SteeringKeys.Ascii(old), rotating, out _, out _));
        Assert.True(RoutingHint.TryDecode(SteeringKeys.Ascii((Hint with { KeyId = 2 }).Encode(rotating)), rotating, out _, out _));
        Assert.False(RoutingHint.TryDecode(SteeringKeys.Ascii(old), SteeringKeys.HintRing(3, 2), out _, out HintError error));
        Assert.Equal(HintError.UnknownKey, error);
    }

    [Fact]
    public void IsExpired_TheMinuteAfter_IsTrue()
    {
        uint now = RoutingHint.ToMinutes(RoutingHint.Epoch.AddMinutes(10.5));
        Assert.Equal(10u, now);
        Assert.False((Hint with { ExpiryMinutes = 10 }).IsExpired(now));
        Assert.True((Hint with { ExpiryMinutes = 9 }).IsExpired(now));
    }

    [Fact]
    public void Encode_KeyNotInRing_Throws() => Assert.Throws<ArgumentException>(() => (Hint with { KeyId = 5 }).Encode(Keys));

    [Fact]
    public void TryDecode_GoodAndBad_AllocatesNothing()
    {
        byte[] good = SteeringKeys.Ascii(Hint.Encode(Keys) + ":peer"), bad = SteeringKeys.Ascii(new string('a', 39));
        for (int i = 0; i < 1000; i++) RoutingHint.TryDecode(i % 2 == 0 ? good : bad, Keys, out _, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) RoutingHint.TryDecode(i % 2 == 0 ? good : bad, Keys, out _, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
