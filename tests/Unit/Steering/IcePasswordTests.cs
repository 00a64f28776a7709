using Dapr.Voice.Steering;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

public sealed class IcePasswordTests
{
    private static readonly string Ufrag = new RoutingHint(
        1, 7, 0x1234, new SessionId(0x0123456789ABCDEF), 2, 700_000).Encode(SteeringKeys.HintRing(1));

    // Computed with Python: base64.b32encode(hmac.new(b'\x01' * 32, ufrag, 'sha256').digest()[:20]).lower().
    [Fact]
    public void Derive_KnownUfrag_IsTheSameForever()
        => Assert.Equal("i2fh6ad3xaazqyozfcneoiab4ebgnz66", IcePassword.Derive(SteeringKeys.Ring(1), Ufrag));

    [Fact]
    public void TryDerive_FromStunUsername_EqualsDerive()
    {
        byte[] password = new byte[IcePassword.TextLength], username = SteeringKeys.Ascii(Ufrag + "://e5");
        Assert.True(IcePassword.TryDerive(SteeringKeys.Ring(2, 1), username, password));
        Assert.Equal(SteeringKeys.Ascii(IcePassword.Derive(SteeringKeys.Ring(1), Ufrag)), password);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("")]
    [InlineData("ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ")]
    public void Derive_NotAUfrag_Throws(string ufrag)
        => Assert.Throws<ArgumentException>(() => IcePassword.Derive(SteeringKeys.Ring(1), ufrag));

    [Fact]
    public void Derive_KeyLeftTheRing_Throws() => Assert.Throws<ArgumentException>(() => IcePassword.Derive(SteeringKeys.Ring(4), Ufrag));

    [Fact]
    public void TryDerive_PerPacket_AllocatesNothing()
    {
        byte[] password = new byte[IcePassword.TextLength], username = SteeringKeys.Ascii(Ufrag + ":peer");
        KeyRing ring = SteeringKeys.Ring(1);
        for (int i = 0; i < 1000; i++) IcePassword.TryDerive(ring, username, password);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) IcePassword.TryDerive(ring, username, password);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
