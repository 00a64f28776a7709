using System.Text;

namespace Dapr.Voice.Steering;

/// <summary>
/// The ICE password of a caller, encrypted for a session's record: a store must not show who could answer a caller's checks. The owner
/// needs it for checks of its own. The text is base64 of a <see cref="RecordSeal"/>. Any thread.
/// </summary>
public static class SealedIcePassword
{
    private static ReadOnlySpan<byte> Purpose => "dapr.voice caller's ice-pwd"u8;

    /// <param name="password">The caller's <c>a=ice-pwd</c>, 22 to 256 characters.</param>
    /// <param name="nonce"><see cref="AuthenticatedSeal.NonceBytes"/> random bytes.</param>
    public static string Seal(KeyRing passwordKeys, string callId, string password, ReadOnlySpan<byte> nonce)
        => Convert.ToBase64String(RecordSeal.Seal(passwordKeys, callId, Encoding.UTF8.GetBytes(password), Purpose, nonce));

    /// <summary>Returns null if the text was not sealed for this call with a key of the ring.</summary>
    public static string? TryOpen(KeyRing passwordKeys, string callId, string text)
    {
        Span<byte> whole = new byte[text.Length];
        return Convert.TryFromBase64String(text, whole, out int length)
            && RecordSeal.TryOpen(passwordKeys, callId, whole[..length], Purpose) is { } password
            ? Encoding.UTF8.GetString(password) : null;
    }
}
