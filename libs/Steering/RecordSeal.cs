using System.Text;

namespace Dapr.Voice.Steering;

/// <summary>
/// What a session's record keeps encrypted: a key id and an <see cref="AuthenticatedSeal"/> with the password key of that id. The call id
/// is the associated data, so the bytes belong to one session. Any thread.
/// </summary>
internal static class RecordSeal
{
    /// <param name="nonce"><see cref="AuthenticatedSeal.NonceBytes"/> random bytes.</param>
    public static byte[] Seal(
        KeyRing passwordKeys, string callId, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> purpose, ReadOnlySpan<byte> nonce)
    {
        passwordKeys.TryGetKey(passwordKeys.CurrentId, out ReadOnlySpan<byte> key);
        return [passwordKeys.CurrentId, .. AuthenticatedSeal.Seal(plain, Encoding.UTF8.GetBytes(callId), key, purpose, nonce)];
    }

    /// <summary>Returns null if the bytes were not sealed for this call and purpose with a key of the ring.</summary>
    public static byte[]? TryOpen(KeyRing passwordKeys, string callId, ReadOnlySpan<byte> whole, ReadOnlySpan<byte> purpose)
        => whole.Length > 0 && passwordKeys.TryGetKey(whole[0], out ReadOnlySpan<byte> key)
            ? AuthenticatedSeal.TryOpen(whole[1..], Encoding.UTF8.GetBytes(callId), key, purpose) : null;
}
