using System.Text;
using Dapr.Voice.Steering;
using Dapr.Voice.Stun;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Steering;
using Dapr.Voice.Transceiver.Sessions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Sessions;

public sealed class CheckRefusalTests
{
    private static readonly SessionId Session = new(0x1234_5678_9ABC_DEF0);
    private static readonly HintKeyRing HintKeys = SteeringKeys.HintRing(1);
    private static readonly KeyRing PasswordKeys = SteeringKeys.Ring(1);
    private static readonly string Ufrag = new RoutingHint(1, 0, 5, Session, 0, 1_000_000).Encode(HintKeys);
    private static readonly byte[] Password = Encoding.ASCII.GetBytes(IcePassword.Derive(PasswordKeys, Ufrag));

    private static byte[] Check(byte[] password, StunClass stunClass = StunClass.Request)
    {
        byte[] buffer = new byte[256];
        var writer = new StunMessageWriter(buffer, stunClass, StunMethod.Binding, "transaction1"u8);
        writer.Add(StunAttributeType.Username, Encoding.ASCII.GetBytes(Ufrag + ":peer"));
        writer.AddMessageIntegrity(password);
        writer.AddFingerprint();
        return buffer[..writer.Length];
    }

    [Fact]
    public void TryWrite_CheckOfTheSession_IsForbiddenWithTheSessionsPassword()
    {
        byte[] refusal = new byte[CheckRefusal.MaximumBytes];
        Assert.True(CheckRefusal.TryWrite(Check(Password), Session, HintKeys, PasswordKeys, refusal, out int length));
        Assert.True(StunMessage.TryParse(refusal.AsSpan(0, length), out StunMessage stun, out _));
        Assert.Equal(StunClass.ErrorResponse, stun.Class);
        Assert.True(stun.TransactionId.SequenceEqual("transaction1"u8));
        Assert.True(stun.TryGetErrorCode(out int code));
        Assert.Equal(403, code);
        Assert.True(stun.VerifyMessageIntegrity(Password) && stun.HasValidFingerprint());
        // No amplifier for whoever forges a sender.
        Assert.True(length <= Check(Password).Length);
    }

    [Fact]
    public void TryWrite_WrongPassword_IsSilent()
        => Assert.False(
        CheckRefusal.TryWrite(Check([.. Password.Reverse()]), Session, HintKeys, PasswordKeys, new byte[CheckRefusal.MaximumBytes], out _));

    [Fact]
    public void TryWrite_CheckOfAnotherSession_IsSilent()
        => Assert.False(
        CheckRefusal.TryWrite(Check(Password), new SessionId(7), HintKeys, PasswordKeys, new byte[CheckRefusal.MaximumBytes], out _));

    [Fact]
    public void TryWrite_Indication_IsSilent()
        => Assert.False(
        CheckRefusal.TryWrite(Check(Password, StunClass.Indication), Session, HintKeys, PasswordKeys, new byte[CheckRefusal.MaximumBytes],
        out _));

    [Fact]
    public void TryWrite_OtherBytes_IsSilent()
        => Assert.False(
        CheckRefusal.TryWrite([0x80, 0x6F, 1, 2, 3], Session, HintKeys, PasswordKeys, new byte[CheckRefusal.MaximumBytes], out _));

    [Fact]
    public void TryWrite_AllocatesNothing()
    {
        byte[] check = Check(Password), refusal = new byte[CheckRefusal.MaximumBytes];
        Assert.Equal(0, Allocations.Of(() => CheckRefusal.TryWrite(check, Session, HintKeys, PasswordKeys, refusal, out _)));
    }
}
