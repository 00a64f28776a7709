using Dapr.Voice.Steering;
using Dapr.Voice.Stun;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// The answer to a check of a session that has ended. Chromium takes no notice of close_notify (measured with 156: it stays
/// <c>connected</c> for 7 s more, and the SDK hears of it after 12), but a refused check ends its call at once, and checks come every 2.7 s
/// at least. It also reaches a client that our goodbye did not. Firefox 153 minds neither, whatever the code; there only the closed data
/// channel tells.
/// </summary>
internal static class CheckRefusal
{
    /// <summary>Longer than any refusal.</summary>
    public const int MaximumBytes = 128;

    /// <summary>Forbidden. Not 401, 420, 487 or 500, which libwebrtc takes for passing trouble and tries again.</summary>
    public const int Code = 403;

    /// <param name="session">The session that the link's frame named; the check has to be of that session.</param>
    /// <param name="refusal">At least <see cref="MaximumBytes"/>.</param>
    /// <returns>False: not a check, or not one of that session's client; it deserves no answer.</returns>
    public static bool TryWrite(ReadOnlySpan<byte> check, SessionId session, HintKeyRing hintKeys, KeyRing passwordKeys, Span<byte> refusal,
        out int length)
    {
        length = 0;
        if (!StunMessage.TryParse(check, out StunMessage stun, out _) || stun.Class != StunClass.Request
            || stun.Method != StunMethod.Binding || !stun.HasValidFingerprint()) return false;
        if (!RoutingHint.TryDecode(stun.Username, hintKeys, out RoutingHint hint, out _) || hint.SessionId != session) return false;
        Span<byte> password = stackalloc byte[IcePassword.TextLength];
        if (!IcePassword.TryDerive(passwordKeys, stun.Username, password) || !stun.VerifyMessageIntegrity(password)) return false;
        var writer = new StunMessageWriter(refusal, StunClass.ErrorResponse, StunMethod.Binding, stun.TransactionId);
        writer.AddErrorCode(Code, "Forbidden"u8);
        writer.AddMessageIntegrity(password);
        writer.AddFingerprint();
        length = writer.Length;
        return true;
    }
}
