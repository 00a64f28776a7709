using Dapr.Client.Autogen.Grpc.v1;
using Dapr.Voice.DevSidecar.Apps;
using Dapr.Voice.DevSidecar.State;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Dapr.Voice.DevSidecar.Grpc;

/// <summary>
/// The service <c>dapr.proto.runtime.v1.Dapr</c> of one app id. Dapr.Protos has the messages but no base class for servers, so the methods
/// are bound by name. A method that is not bound answers Unimplemented.
/// </summary>
internal sealed class GrpcApi(AppSidecar sidecar, string? token)
{
    private const string Service = "dapr.proto.runtime.v1.Dapr";

    public ServerServiceDefinition Bind()
    {
        ServerServiceDefinition.Builder builder = ServerServiceDefinition.CreateBuilder();
        Add<GetStateRequest, GetStateResponse>(builder, "GetState", GetStateAsync);
        Add<GetBulkStateRequest, GetBulkStateResponse>(builder, "GetBulkState", GetBulkStateAsync);
        Add<SaveStateRequest, Empty>(builder, "SaveState", SaveStateAsync);
        Add<DeleteStateRequest, Empty>(builder, "DeleteState", DeleteStateAsync);
        Add<DeleteBulkStateRequest, Empty>(builder, "DeleteBulkState", DeleteBulkStateAsync);
        Add<ExecuteStateTransactionRequest, Empty>(builder, "ExecuteStateTransaction", TransactAsync);
        Add<PublishEventRequest, Empty>(builder, "PublishEvent", PublishAsync);
        Add<BulkPublishRequest, BulkPublishResponse>(builder, "BulkPublishEvent", PublishBulkAsync);
        Add<BulkPublishRequest, BulkPublishResponse>(builder, "BulkPublishEventAlpha1", PublishBulkAsync);
        Add<GetSecretRequest, GetSecretResponse>(builder, "GetSecret", GetSecretAsync);
        Add<GetBulkSecretRequest, GetBulkSecretResponse>(builder, "GetBulkSecret", GetBulkSecretAsync);
        Add<GetMetadataRequest, GetMetadataResponse>(builder, "GetMetadata", (_, _) => Task.FromResult(sidecar.Metadata.Describe()));
        Add<SetMetadataRequest, Empty>(builder, "SetMetadata", SetMetadataAsync);
        Add<ShutdownRequest, Empty>(builder, "Shutdown", ShutdownAsync);
        // The real sidecar has these two as well, and reports that no such component is configured. Here none can be.
        Add<GetConfigurationRequest, GetConfigurationResponse>(builder, "GetConfiguration", (_, _) => throw NoConfigurationStore());
        Add<GetConfigurationRequest, GetConfigurationResponse>(builder, "GetConfigurationAlpha1", (_, _) => throw NoConfigurationStore());
        Add<TryLockRequest, TryLockResponse>(builder, "TryLockAlpha1", (_, _) => throw NoLockStore());
        Add<UnlockRequest, UnlockResponse>(builder, "UnlockAlpha1", (_, _) => throw NoLockStore());
        return builder.Build();
    }

    /// <summary>Binds a method. The token is checked first, and an <see cref="ApiException"/> becomes a status.</summary>
    private void Add<TRequest, TResponse>(
        ServerServiceDefinition.Builder builder, string name, Func<TRequest, ServerCallContext, Task<TResponse>> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        var method = new Method<TRequest, TResponse>(
            MethodType.Unary, Service, name, GrpcMessages.Marshaller<TRequest>(), GrpcMessages.Marshaller<TResponse>());
        builder.AddMethod(method, async (request, context) =>
        {
            try
            {
                if (!LoopbackServer.HasToken(token, context.GetHttpContext()))
                    throw new ApiException(ApiError.Unauthenticated, "Unauthorized");
                return await handler(request, context).ConfigureAwait(false);
            }
            catch (ApiException failure)
            {
                throw GrpcMessages.Status(failure);
            }
        });
    }

    private async Task<GetStateResponse> GetStateAsync(GetStateRequest request, ServerCallContext context)
    {
        StoredValue? found = await sidecar.State.Open(request.StoreName).GetAsync(request.Key, context.CancellationToken)
            .ConfigureAwait(false);
        var answer = new GetStateResponse();
        if (found is not { } value) return answer;
        answer.Data = GrpcMessages.Bytes(value.Value);
        answer.Etag = value.ETag;
        GrpcMessages.AddExpiry(answer.Metadata, value);
        return answer;
    }

    private async Task<GetBulkStateResponse> GetBulkStateAsync(GetBulkStateRequest request, ServerCallContext context)
    {
        var answer = new GetBulkStateResponse();
        foreach (BulkEntry entry in await sidecar.State.Open(request.StoreName).GetBulkAsync(request.Keys, context.CancellationToken)
            .ConfigureAwait(false))
        {
            var item = new BulkStateItem { Key = entry.Key, Error = entry.Error ?? "" };
            if (entry.Found is { } value)
            {
                item.Data = GrpcMessages.Bytes(value.Value);
                item.Etag = value.ETag;
                GrpcMessages.AddExpiry(item.Metadata, value);
            }
            answer.Items.Add(item);
        }
        return answer;
    }

    private async Task<Empty> SaveStateAsync(SaveStateRequest request, ServerCallContext context)
    {
        AppStore store = sidecar.State.Open(request.StoreName);
        await store.SaveAsync([.. request.States.Select(GrpcMessages.Request)], context.CancellationToken).ConfigureAwait(false);
        return new Empty();
    }

    private async Task<Empty> DeleteStateAsync(DeleteStateRequest request, ServerCallContext context)
    {
        var item = new StateItem { Key = request.Key, Etag = request.Etag, Options = request.Options };
        await sidecar.State.Open(request.StoreName).DeleteAsync([GrpcMessages.Request(item)], context.CancellationToken)
            .ConfigureAwait(false);
        return new Empty();
    }

    private async Task<Empty> DeleteBulkStateAsync(DeleteBulkStateRequest request, ServerCallContext context)
    {
        AppStore store = sidecar.State.Open(request.StoreName);
        await store.DeleteAsync([.. request.States.Select(GrpcMessages.Request)], context.CancellationToken).ConfigureAwait(false);
        return new Empty();
    }

    private async Task<Empty> TransactAsync(ExecuteStateTransactionRequest request, ServerCallContext context)
    {
        AppStore store = sidecar.State.Open(request.StoreName);
        store.CheckTransactions();
        var operations = new List<StateOperation>(request.Operations.Count);
        foreach (TransactionalStateOperation operation in request.Operations)
        {
            if (operation.OperationType is not ("upsert" or "delete"))
                throw new ApiException(ApiError.OperationUnknown, $"operation type {operation.OperationType} not supported");
            operations.Add(
                new StateOperation(operation.OperationType == "delete", GrpcMessages.Request(operation.Request ?? new StateItem())));
        }
        await store.TransactAsync(operations, context.CancellationToken).ConfigureAwait(false);
        return new Empty();
    }

    private async Task<Empty> PublishAsync(PublishEventRequest request, ServerCallContext context)
    {
        AppTopic topic = sidecar.Publisher.Open(request.PubsubName, request.Topic);
        await topic.PublishAsync(request.Data.Memory, request.DataContentType, request.Metadata, CallTrace.Of(context.GetHttpContext()),
            context.CancellationToken).ConfigureAwait(false);
        return new Empty();
    }

    private async Task<BulkPublishResponse> PublishBulkAsync(BulkPublishRequest request, ServerCallContext context)
    {
        AppTopic topic = sidecar.Publisher.Open(request.PubsubName, request.Topic);
        List<EventToPublish> events = [.. request.Entries.Select(e => new EventToPublish(e.EntryId, e.Event.Memory, e.ContentType))];
        await topic.PublishBulkAsync(events, request.Metadata, CallTrace.Of(context.GetHttpContext()), context.CancellationToken)
            .ConfigureAwait(false);
        return new BulkPublishResponse();
    }

    private Task<GetSecretResponse> GetSecretAsync(GetSecretRequest request, ServerCallContext context)
    {
        var answer = new GetSecretResponse();
        foreach ((string name, string value) in sidecar.Secrets.Get(request.StoreName, request.Key)) answer.Data[name] = value;
        return Task.FromResult(answer);
    }

    private Task<GetBulkSecretResponse> GetBulkSecretAsync(GetBulkSecretRequest request, ServerCallContext context)
    {
        var answer = new GetBulkSecretResponse();
        foreach ((string key, IReadOnlyDictionary<string, string> secret) in sidecar.Secrets.All(request.StoreName))
        {
            var values = new SecretResponse();
            foreach ((string name, string value) in secret) values.Secrets[name] = value;
            answer.Data[key] = values;
        }
        return Task.FromResult(answer);
    }

    private Task<Empty> SetMetadataAsync(SetMetadataRequest request, ServerCallContext context)
    {
        sidecar.Metadata.Set(request.Key, request.Value);
        return Task.FromResult(new Empty());
    }

    private Task<Empty> ShutdownAsync(ShutdownRequest request, ServerCallContext context)
    {
        // The answer is sent first, because a server that stops waits for calls that have begun.
        sidecar.Shutdown();
        return Task.FromResult(new Empty());
    }

    private static ApiException NoConfigurationStore() => new(ApiError.ConfigurationNotConfigured, "configuration stores not configured");

    private static ApiException NoLockStore() => new(ApiError.LockNotConfigured, "lock store is not configured");
}
