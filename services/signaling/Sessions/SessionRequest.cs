using System.Text;
using System.Text.Json;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>A session that somebody wants, whoever it is and however they asked.</summary>
/// <param name="Agent">Named outright; null leaves the choice to <paramref name="Session"/>, to the model and to the default, in this
/// order.</param>
/// <param name="Model">The model of <c>?model=</c>; chooses an agent of that name if there is one, and is echoed otherwise.</param>
/// <param name="RequiredAgent">The only agent allowed, or null.</param>
/// <param name="MaximumSeconds">Asked for; held below the service's own limit.</param>
internal sealed record SessionRequest(
    string OfferSdp, JsonElement? Session, string? Agent, string? Model, string? RequiredAgent, int? MaximumSeconds, string ClientKind,
    string? EphemeralKeyId)
{
    /// <summary>The longest offer that is read. The offer of a browser has 1.5 to 6 KiB.</summary>
    public const int MaximumOfferBytes = 64 * 1024;

    /// <summary>The longest session object that a session record holds (libs/Contracts).</summary>
    public const int MaximumSessionBytes = 16 * 1024;

    /// <summary>A session must be an object of bounded size; what is in it is for the agent to judge.</summary>
    public static ApiError? CheckSession(JsonElement? session, int limitBytes)
    {
        if (session is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Object)
            return ApiError.Invalid("invalid_session", "'session' should be a JSON object.", "session");
        return Encoding.UTF8.GetByteCount(value.GetRawText()) > limitBytes
            ? ApiError.Invalid("session_too_large", $"'session' may have at most {limitBytes / 1024} KiB.", "session")
            : null;
    }
}
