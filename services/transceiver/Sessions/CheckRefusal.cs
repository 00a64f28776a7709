using Dapr.Voice.Steering;
using Dapr.Voice.Stun;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// The answer to a check of a session that has ended. Chromium ignores close_notify: it stays <c>connected</c> for 7 s more, and the SDK is
/// told after 12 s (measured with version 156). A refused check ends its call at once, and checks come at least every 2.7 s. The answer
/// also reaches a client that did not get our close_notify. Firefox 153 ignores both, whatever the error code is. Only the closed data
/// channel tells it.
/// </summary>
internal static class CheckRefusal
{
    /// <summary>No refusal is longer than this.</summary>
    public const int MaximumBytes = 128;

    /// <summary>Forbidden. libwebrtc regards 401, 420, 487 and 500 as temporary and tries again, so none of them is used.</summary>
    public const int Code = 403;

    /// <param name="session">The session that the link's frame named. The check has to belong to it.</param>
    /// <param name="refusal">At least <see cref="MaximumBytes"/>.</param>
    /// <returns>False if the packet is not a check, or not one of that session's client. It gets no answer then.</returns>
    public static bool TryWrite(ReadOnlySpan<byte> check, SessionId session, HintKeyRing hintKeys, KeyRing passwordKeys, Span<byte> refusal,
        out int length)
    {
        length = 0;
        Span<byte> password = stackalloc byte[IcePassword.TextLength];
        if (!StunMessage.TryParse(check, out StunMessage stun, out _) || stun.Class != StunClass.Request
            || !RoutingHint.TryDecode(stun.Username, hintKeys, out RoutingHint hint, out _) || hint.SessionId != session
            || !IsAuthentic(stun, passwordKeys, password)) return false;
        var writer = new StunMessageWriter(refusal, StunClass.ErrorResponse, StunMethod.Binding, stun.TransactionId);
        writer.AddErrorCode(Code, "Forbidden"u8);
        writer.AddMessageIntegrity(password);
        writer.AddFingerprint();
        length = writer.Length;
        return true;
    }

    /// <summary>Returns true if a check knows the password that belongs to its hint.</summary>
    /// <param name="password">Receives the password: <see cref="IcePassword.TextLength"/> bytes.</param>
    public static bool IsAuthentic(in StunMessage check, KeyRing passwordKeys, Span<byte> password)
        => check.Method == StunMethod.Binding && check.HasValidFingerprint()
        && IcePassword.TryDerive(passwordKeys, check.Username, password) && check.VerifyMessageIntegrity(password);
}
