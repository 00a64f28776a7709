using System.Text.Json;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>A session that somebody wants, whoever it is and however they asked.</summary>
/// <param name="Agent">Named outright; null leaves the choice to <paramref name="Session"/>, to the model and to the default, in this order.</param>
/// <param name="Model">The model of <c>?model=</c>; chooses an agent of that name if there is one, and is echoed otherwise.</param>
/// <param name="RequiredAgent">The only agent allowed, or null.</param>
/// <param name="MaximumSeconds">Asked for; held below the service's own limit.</param>
internal sealed record SessionRequest(
    string OfferSdp, JsonElement? Session, string? Agent, string? Model, string? RequiredAgent, int? MaximumSeconds, string ClientKind, string? EphemeralKeyId);
