resource id 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = { // expect: arm-missing-property
  name: 'id-voice'
}
