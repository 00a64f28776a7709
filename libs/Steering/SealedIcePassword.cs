using System.Text;

namespace Dapr.Voice.Steering;

/// <summary>
/// The ICE password of a caller, encrypted for a session's record: a store must not show who could answer a caller's checks. The owner
/// needs it for checks of its own. The text is base64 of a key id and an <see cref="AuthenticatedSeal"/> with the password key of that id.
/// The call id is the associated data, so the text belongs to one session. Any thread.
/// </summary>
public static class SealedIcePassword
{
    private static ReadOnlySpan<byte> Purpose => "dapr.voice caller's ice-pwd"u8;

    /// <param name="password">The caller's <c>a=ice-pwd</c>, 22 to 256 characters.</param>
    /// <param name="nonce"><see cref="AuthenticatedSeal.NonceBytes"/> random bytes.</param>
    public static string Seal(KeyRing passwordKeys, string callId, string password, ReadOnlySpan<byte> nonce)
    {
        passwordKeys.TryGetKey(passwordKeys.CurrentId, out ReadOnlySpan<byte> key);
        byte[] text = AuthenticatedSeal.Seal(Encoding.UTF8.GetBytes(password), Encoding.UTF8.GetBytes(callId), key, Purpose, nonce);
        return Convert.ToBase64String([passwordKeys.CurrentId, .. text]);
    }

    /// <summary>Returns null if the text was not sealed for this call with a key of the ring.</summary>
    public static string? TryOpen(KeyRing passwordKeys, string callId, string text)
    {
        Span<byte> whole = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, whole, out int length) || length == 0
            || !passwordKeys.TryGetKey(whole[0], out ReadOnlySpan<byte> key)) return null;
        byte[]? password = AuthenticatedSeal.TryOpen(whole[1..length], Encoding.UTF8.GetBytes(callId), key, Purpose);
        return password is null ? null : Encoding.UTF8.GetString(password);
    }
}
