using System.Buffers.Text;

namespace Dapr.Voice.Steering;

/// <summary>
/// The Realtime session that a caller asked for, encrypted for the session's record: it has instructions and the credentials of tools, and
/// a store must show neither. The owner opens it for the agent. The text is base64url of a <see cref="RecordSeal"/>. Any thread.
/// </summary>
public static class SealedSession
{
    private static ReadOnlySpan<byte> Purpose => "dapr.voice Realtime session"u8;

    /// <param name="session">JSON in UTF-8.</param>
    /// <param name="nonce"><see cref="AuthenticatedSeal.NonceBytes"/> random bytes.</param>
    public static string Seal(KeyRing passwordKeys, string callId, ReadOnlySpan<byte> session, ReadOnlySpan<byte> nonce)
        => Base64Url.EncodeToString(RecordSeal.Seal(passwordKeys, callId, session, Purpose, nonce));

    /// <summary>Returns null if the text was not sealed for this call with a key of the ring.</summary>
    public static byte[]? TryOpen(KeyRing passwordKeys, string callId, string text)
        => Base64Url.IsValid(text) ? RecordSeal.TryOpen(passwordKeys, callId, Base64Url.DecodeFromChars(text), Purpose) : null;
}
