metadata description = 'Built-in roles that are given to anybody here, by the ids that Azure publishes. Each is given on the smallest resource that has what is needed, never on a group.'

@export()
@description('Name to id of the role definition.')
var roles = {
  // Pull images; not push, not delete.
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d'
  // Receive from subscriptions; not send, not manage. Where other services subscribe.
  serviceBusDataReceiver: '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
  // Send to topics; not receive, not manage.
  serviceBusDataSender: '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
  // Read and write values of secrets: whoever runs azd, for the fleet's keys.
  keyVaultSecretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  // Read values of secrets.
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  // Read, write and delete blobs. There is no smaller one that writes.
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  // Read rows; not write, not delete.
  storageTableDataReader: '76199698-9eea-4c19-bc75-cec21354c6b6'
  // Read, write and delete rows. There is no smaller one that writes.
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}
