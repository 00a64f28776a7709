using System.Text;
using System.Text.Json;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>A request for a session, whoever made it and in whatever form.</summary>
/// <param name="Agent">The agent that the caller names directly. If it is null, <paramref name="Session"/>, then the model, then the
/// default decides.</param>
/// <param name="Model">The model of <c>?model=</c>. It chooses the agent of that name if there is one. Otherwise it is only echoed.</param>
/// <param name="RequiredAgent">The only agent allowed, or null.</param>
/// <param name="MaximumSeconds">The duration asked for. The service's own limit applies as well.</param>
internal sealed record SessionRequest(
    string OfferSdp, JsonElement? Session, string? Agent, string? Model, string? RequiredAgent, int? MaximumSeconds, string ClientKind,
    string? EphemeralKeyId)
{
    /// <summary>The longest offer accepted. A browser's offer has 1.5 to 6 KiB.</summary>
    public const int MaximumOfferBytes = 64 * 1024;

    /// <summary>The longest session object that a session record holds (libs/Contracts).</summary>
    public const int MaximumSessionBytes = 16 * 1024;

    /// <summary>Checks that a session is an object of bounded size. The agent judges its content.</summary>
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
